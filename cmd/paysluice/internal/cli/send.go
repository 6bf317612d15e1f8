package cli

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/fixture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// Largest values of flags. A faster sender is test/performance.
const (
	maxCount = 100_000
	maxRate  = 500
)

// sendFlags are the flags of send.
type sendFlags struct {
	bodyFlags
	list, dryRun, wait, secretStdin bool
	count, rate                     int
	endpoint                        string
	tamper                          webhook.Tamper
}

func (a *app) send() *cobra.Command {
	var f sendFlags
	c := &cobra.Command{
		Use:   "send PROVIDER [TYPE]",
		Short: "Send signed webhooks to the stack, as a provider does",
		Long: `Send webhooks of an event type to the stack, signed with the stack's own secret.
If that is empty, send asks for the key on the terminal.

The body has the documented shape of the type, with new ids, amounts and times;
--seed repeats ids and amounts. --set, --unset and --edit change it, and --file
replaces it. In --set, a value that is JSON keeps its type: '"30.00"' is a text,
30.00 a number. "v1." before one of Stripe's types sends the thin event of that
type.

--tamper makes one thing wrong with each request: signature, timestamp, body,
duplicate-header or unsigned. The command says first which answer it expects.
Exit code 3: the stack gave another answer.

If an entry of any secret has another environment than sandbox, the stack is not
for tests: it stores the webhook as an event of the provider. Then send asks
first, and --yes confirms in scripts. On an emulator it asks nothing.

Only PayPal has the private key of its certificates. So PayPal's webhooks can
only be sent to the stack of make up.`,
		Example: `  paysluice send --list
  paysluice send stripe payment_intent.succeeded --wait
  paysluice send square payment.updated --set data.object.payment.status=CANCELED
  paysluice send stripe charge.dispute.closed --set data.object.status=won --dry-run
  paysluice send stripe charge.refunded --tamper timestamp`,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: completeSend,
		RunE: func(c *cobra.Command, args []string) error {
			if f.list {
				return a.listTypes(args)
			}
			p, err := f.check(args)
			if err != nil {
				return err
			}
			if f.dryRun {
				return a.printBodies(c.Context(), &f, p)
			}
			return a.sendWebhooks(c.Context(), &f, p)
		},
	}
	flags := c.Flags()
	flags.BoolVar(&f.list, "list", false, "print the types of a provider, or of all, with their categories")
	flags.StringArrayVar(&f.set, "set", nil, "set a value of the body: `path=value`, such as data.object.amount=1200")
	flags.StringArrayVar(&f.unset, "unset", nil, "remove the value at a `path` of the body")
	flags.BoolVar(&f.edit, "edit", false, "open the body in $EDITOR before it is sent")
	flags.StringVar(&f.file, "file", "", "send the bytes of a `file` as the body")
	flags.Uint64Var(&f.seed, "seed", 0, "derive ids and amounts from this `number`; 0 makes new ones")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the bodies and send nothing")
	flags.IntVar(&f.count, "count", 1, "send this many webhooks")
	flags.IntVar(&f.rate, "rate", 10, "webhooks a second")
	flags.Var(&f.tamper, "tamper", "send with this `part` wrong: signature, timestamp, body, duplicate-header or unsigned")
	flags.BoolVar(&f.wait, "wait", false, "say what became of each webhook: stored, duplicate, archived")
	flags.StringVar(&f.endpoint, "endpoint", "", "sign with the secret's entry of this `label`; default the first")
	flags.BoolVar(&f.secretStdin, "secret-stdin", false, "read the signing secret from stdin, not from the stack")
	var tampers []string
	for _, t := range webhook.Tampers() {
		tampers = append(tampers, string(t))
	}
	complete(c, "tamper", tampers)
	return c
}

// completeSend completes providers and their types.
func completeSend(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	switch len(args) {
	case 0:
		words = providerNames()
	case 1:
		if c, err := fixture.Load(args[0]); err == nil {
			words = c.List()
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// check checks the command line and returns the provider. The error names every
// problem.
func (f *sendFlags) check(args []string) (contract.Provider, error) {
	var problems []error
	add := func(wrong bool, format string, values ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, values...))
		}
	}
	p, known := contract.Provider{}, false
	if len(args) > 0 {
		p, known = providerNamed(args[0])
	}
	add(!known, "PROVIDER must be one of %s", strings.Join(providerNames(), ", "))
	add(len(args) < 2 && f.file == "", "TYPE is missing: --list prints the types, --file sends a body of your own")
	add(len(args) == 2 && f.file != "", "--file replaces TYPE: leave one of the two out")
	add(f.count < 1 || f.count > maxCount, "--count must be 1 to %d", maxCount)
	add(f.rate < 1 || f.rate > maxRate, "--rate must be 1 to %d", maxRate)
	add(f.dryRun && (f.wait || f.tamper != webhook.Genuine), "--dry-run sends nothing: leave --wait and --tamper out")
	for _, change := range f.set {
		path, _, ok := strings.Cut(change, "=")
		add(!ok || path == "", "--set %s is not path=value, such as data.object.amount=1200", change)
	}
	if len(problems) > 0 {
		return p, usagef("%s", joined(problems))
	}
	if f.seed == 0 {
		f.seed = rand.Uint64()
	}
	if len(args) == 2 {
		f.typ = args[1]
		return p, f.checkType(p)
	}
	return p, nil
}

// checkType reports a type that has no body.
func (f *sendFlags) checkType(p contract.Provider) error {
	catalog, err := fixture.Load(p.Name)
	if err != nil {
		return err
	}
	if err := catalog.Check(f.typ); err != nil {
		return usagef("%w; --list %s prints all", err, p.Name)
	}
	return nil
}

func providerNamed(name string) (contract.Provider, bool) {
	i := slices.Index(providerNames(), name)
	if i < 0 {
		return contract.Provider{}, false
	}
	return contract.Providers()[i], true
}

// typeRow is a row of --list.
type typeRow struct {
	Provider string `json:"provider"`
	Type     string `json:"type"`
	Category string `json:"category"`
}

// listTypes prints the event types of a provider, or of all.
func (a *app) listTypes(args []string) error {
	chosen := contract.Providers()
	if len(args) > 0 {
		p, ok := providerNamed(args[0])
		if !ok || len(args) > 1 {
			return usagef("--list takes one provider of %s, or none", strings.Join(providerNames(), ", "))
		}
		chosen = []contract.Provider{p}
	}
	_, err := output.Write(a.out, a.format, []output.Column[typeRow]{
		{Name: "provider", Text: func(r typeRow) string { return r.Provider }},
		{Name: "category", Text: func(r typeRow) string { return r.Category }},
		{Name: "type", Text: func(r typeRow) string { return r.Type }},
	}, a.types(chosen))
	return err
}

// types returns the types with the categories that the functions give their bodies.
func (a *app) types(chosen []contract.Provider) iter.Seq2[typeRow, error] {
	return func(yield func(typeRow, error) bool) {
		for _, p := range chosen {
			for row, err := range a.typesOf(p) {
				if !yield(row, err) {
					return
				}
			}
		}
	}
}

func (a *app) typesOf(p contract.Provider) iter.Seq2[typeRow, error] {
	return func(yield func(typeRow, error) bool) {
		catalog, err := fixture.Load(p.Name)
		reader, unknown := all.All(all.Settings{}).ByName(p.Name)
		if err != nil || unknown != nil {
			yield(typeRow{}, fmt.Errorf("%w, %w", err, unknown))
			return
		}
		for _, typ := range catalog.List() {
			body, err := catalog.Body(typ, 1, a.now())
			e, problem := reader.Event(body, provider.Origin{})
			if err == nil {
				err = problem
			}
			if !yield(typeRow{p.Name, typ, string(e.Category)}, err) {
				return
			}
		}
	}
}

// printBodies prints the bodies that would be sent.
func (a *app) printBodies(ctx context.Context, f *sendFlags, p contract.Provider) error {
	next, err := a.bodies(f, p)
	if err != nil {
		return err
	}
	for range f.count {
		body, err := next(ctx, false)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s\n", body)
	}
	return nil
}

// sendWebhooks sends the webhooks and prints each answer.
func (a *app) sendWebhooks(ctx context.Context, f *sendFlags, p contract.Provider) error {
	if p.Name == contract.PayPal().Name && !a.options.Local {
		return webhook.ErrPayPal
	}
	body, err := a.bodies(f, p)
	if err != nil {
		return err
	}
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	plan, err := a.target(ctx, f, p, s)
	if err != nil {
		return err
	}
	if err := a.confirmSend(ctx, f, p, s); err != nil {
		return err
	}
	sender := plan.Sender
	next := func(ctx context.Context) (webhook.Request, error) {
		b, err := body(ctx, sender.Live)
		if err != nil {
			return webhook.Request{}, err
		}
		return sender.Request(ctx, b, f.tamper, a.now())
	}
	first, err := next(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s\nexpected: %s\n", sender.Describe(f.tamper), first.Expected)
	plan.Count, plan.Rate = f.count, f.rate
	pending := []webhook.Request{first}
	plan.Next = func(ctx context.Context) (webhook.Request, error) {
		if len(pending) > 0 {
			pending = nil
			return first, nil
		}
		return next(ctx)
	}
	if f.wait {
		plan.Reader = query.New(s, a.now)
	}
	return a.report(ctx, f.count, first.Expected, plan.Run(ctx))
}

// report prints the answers. The error is errFound if one is not the expected one.
func (a *app) report(ctx context.Context, count int, expected webhook.Answer, all iter.Seq2[webhook.Sent, error]) error {
	type sent = webhook.Sent
	unexpected := 0
	counted := func(yield func(sent, error) bool) {
		for s, err := range all {
			if err == nil && !s.Expected {
				unexpected++
			}
			if !yield(s, err) {
				return
			}
		}
	}
	n, err := output.Write(a.out, a.format, []output.Column[sent]{
		{Name: "status", Text: func(s sent) string { return fmt.Sprint(s.Status, " ", http.StatusText(s.Status)) }},
		{Name: "milliseconds", Text: func(s sent) string { return fmt.Sprint(s.Milliseconds) }, Right: true},
		{Name: "outcome", Text: func(s sent) string { return strings.TrimSpace(string(s.Outcome) + " " + s.Reason) }},
		{Name: "type", Text: func(s sent) string { return s.Type }},
		{Name: "eventId", Text: func(s sent) string { return s.EventID }},
	}, counted)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		fmt.Fprintf(a.err, "%s sent\n", partOf(n, count, "webhook"))
		return ctx.Err()
	case unexpected > 0:
		fmt.Fprintf(a.err, "%s not %d: search the log of the processor for the request id (docs/operating.md)\n",
			partOf(unexpected, n, "answer"), expected.Status)
		return errFound
	}
	return nil
}
