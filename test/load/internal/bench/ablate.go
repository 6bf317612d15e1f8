package bench

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/measured"
)

// AblateOptions are those of a measurement of optimisations.
type AblateOptions struct {
	CompareOptions
	// Processes are the cold starts of each program in each round.
	Processes int
	// Without is what is taken away, one at a time.
	Without []functions.Ablation
}

// ablated is the processor without one optimisation, or as it is.
type ablated struct {
	functions.Ablation
	program
	cold   []coldRun
	flat   []measured.FlatOut
	steady []measured.Steady
}

// Ablate measures Stripe's processor as it is and without one optimisation at a
// time, all in turn, so that whatever else the machine does meets all of them.
// root is where the sources are.
func (b *Bench) Ablate(ctx context.Context, root string, o AblateOptions) (measured.Ablation, error) {
	a := measured.Ablation{
		Machine: b.Machine, Provider: contract.Stripe().Name, Rounds: o.Rounds, Processes: o.Rounds * o.Processes,
		Environments: o.Environments, Seconds: o.Flat.Seconds(), Rate: o.Rate, Call: ms(o.Call),
	}
	programs, err := b.ablatedPrograms(ctx, root, o.Without)
	if err != nil {
		return a, err
	}
	for round := range o.Rounds {
		fmt.Fprintf(b.progress, "round %d of %d: cold starts …\n", round+1, o.Rounds)
		if err := b.coldRound(ctx, programs, round, o); err != nil {
			return a, err
		}
		for i := range programs {
			p := &programs[(i+round)%len(programs)] // so that none is always the first
			fmt.Fprintf(b.progress, "round %d of %d: %s flat out, then at %.0f a second …\n", round+1, o.Rounds, p.name, o.Rate)
			if err := b.loadRound(ctx, p, o.CompareOptions); err != nil {
				return a, fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	for _, p := range programs {
		a.Rows = append(a.Rows, p.row())
	}
	return a, nil
}

// ablatedPrograms are the processor as it is, twice, and without each of these.
func (b *Bench) ablatedPrograms(ctx context.Context, root string, without []functions.Ablation) ([]ablated, error) {
	stripe, err := b.function(contract.ProcessorName(contract.Stripe()), contract.ProcessorBinary, 0)
	if err != nil {
		return nil, err
	}
	built, err := b.variants(ctx, root, stripe.binary, without)
	if err != nil {
		return nil, err
	}
	all := []ablated{
		{program: stripe},
		{program: stripe},
	}
	for _, a := range without {
		p := ablated{Ablation: a, program: stripe}
		if p.env, err = a.Environment(stripe.env); err != nil {
			return nil, err
		}
		if len(a.Edits) > 0 {
			p.binary = built[a.Name]
		}
		p.name = "without-" + a.Name
		all = append(all, p)
	}
	return all, nil
}

// variants are built of those that change the sources.
func (b *Bench) variants(ctx context.Context, root string, asItIs functions.Binary, without []functions.Ablation) (map[string]functions.Binary, error) {
	var changed []functions.Variant
	for _, a := range without {
		if len(a.Edits) > 0 {
			changed = append(changed, functions.Variant{Name: a.Name, Edits: a.Edits})
		}
	}
	fmt.Fprintf(b.progress, "building the processor without each: %d of them change its sources …\n", len(changed))
	return functions.BuildVariants(ctx, root, filepath.Join(b.dir, "without"), asItIs, changed)
}
