package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// allProviders is the value of --provider for all providers of the stack.
const allProviders = "all"

// sideFlags are the flags of doctor about the providers' sides.
type sideFlags struct {
	provider, url, apiURL string
	sandbox, fix          bool
	skip                  []string
}

// check reports flags that do not fit together.
func (f sideFlags) check() error {
	_, one := providerNamed(f.provider)
	switch {
	case f.provider == "" && (f.fix || f.sandbox || f.url != ""):
		return usagef("--fix, --sandbox and --webhook-url are about a provider's side: add --provider")
	case f.provider != "" && f.provider != allProviders && !one:
		return usagef("--provider must be %s, or %s", strings.Join(providerNames(), ", "), allProviders)
	case f.fix && f.provider != allProviders && f.provider != contract.Square().Name:
		return usagef("--fix switches Square's event search on: use it with --provider square or all")
	case f.url != "" && !one:
		return usagef("--webhook-url is one provider's: name it with --provider")
	}
	return nil
}

// providers returns those that the flags choose, of a stack.
func (f sideFlags) providers(s *stack.Stack) []contract.Provider {
	return slices.DeleteFunc(contract.Providers(), func(p contract.Provider) bool {
		return f.provider != allProviders && f.provider != p.Name || f.provider == allProviders && s.Outputs[p.Title+"Url"] == ""
	})
}

// sides examines the providers' sides of a stack, prints the results and, with --fix, switches
// Square's event search on.
func (a *app) sides(ctx context.Context, f sideFlags, s *stack.Stack) error {
	var all []doctor.Result
	var square source.Setup
	var none error
	for _, p := range f.providers(s) {
		key, err := a.apiKey(ctx, f.sandbox, s, p)
		if f.provider == allProviders && errors.Is(err, errUsage) {
			none = err
			fmt.Fprintf(a.err, "%s is not checked: %s\n", p.Title, output.Printable(err.Error()))
			continue
		}
		if err != nil {
			return err
		}
		setup, err := source.NewSetup(p, source.Options{
			Key: key, URL: f.apiURL, Now: a.now, Sleep: function.Sleep,
			Notify: func(text string) { fmt.Fprintln(a.err, output.Printable(text)) },
		})
		if err != nil { // of --api-url
			return usagef("%w", err)
		}
		if p.Name == contract.Square().Name {
			square = setup
		}
		results, err := doctor.NewSide(s, p, key, setup, f.url, a.now).Examine(ctx, f.skip)
		if err != nil {
			return err
		}
		all = append(all, results...)
	}
	if all == nil && none != nil {
		return none
	}
	err := a.printResults(all)
	if !f.fix || square == nil || err != nil && !errors.Is(err, errFound) {
		return err
	}
	if fixed := a.enableSearch(ctx, square); fixed != nil {
		return fixed
	}
	if doctor.SearchOff(all) && len(findings(all)) == 1 {
		return nil
	}
	return err
}

// enableSearch asks, and switches Square's event search on.
func (a *app) enableSearch(ctx context.Context, square source.Setup) error {
	if err := a.confirm(ctx, "Switch Square's event search on for the key's application?"); err != nil {
		return err
	}
	if err := square.EnableSearch(ctx); err != nil {
		return err
	}
	fmt.Fprintln(a.err, "Square's event search is on: it lists what happens from now on")
	return nil
}
