package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func TestImpossibleOptions(t *testing.T) {
	stripeAnd := func(change func(*contract.Provider)) []contract.Provider {
		p := madeUp()
		change(&p)
		return []contract.Provider{contract.Stripe(), p}
	}
	for name, row := range map[string]struct {
		providers []contract.Provider
		want      string
	}{
		"an API without endpoints": {
			[]contract.Provider{},
			"0 providers; an API takes 1 to 10",
		},
		"a name that makes the role's too long": {
			stripeAnd(func(p *contract.Provider) { p.Name = "nineteencharactersx" }),
			`provider "nineteencharactersx": its name must be 1 to 18 lower-case letters and digits`,
		},
		"a name that could be taken for another's with a suffix": {
			stripeAnd(func(p *contract.Provider) { p.Name = "acme-eu" }),
			`provider "acme-eu": its name must be`,
		},
		"a title that no logical id can hold": {
			stripeAnd(func(p *contract.Provider) { p.Title = "A&B" }),
			`provider "acme": its title "A&B" must be letters and digits`,
		},
		"a path of two segments": {
			stripeAnd(func(p *contract.Provider) { p.Path = "a/b" }),
			`provider "acme": its path "a/b" must be one segment`,
		},
		"no path": {
			stripeAnd(func(p *contract.Provider) { p.Path = "" }),
			`provider "acme": its path "" must be one segment`,
		},
		"an authorizer that looks at nothing": {
			stripeAnd(func(p *contract.Provider) { p.IdentityHeaders = nil }),
			`provider "acme": it has no identity headers`,
		},
		"two providers on one path": {
			stripeAnd(func(p *contract.Provider) { p.Path = "stripe" }),
			`provider "acme": another has its name, title or path`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := JSON(Options{Providers: row.providers})
			require.ErrorIs(t, err, ErrOptions)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

// One run names all that is wrong.
func TestAllImpossibleOptionsAreNamed(t *testing.T) {
	_, err := JSON(Options{Providers: []contract.Provider{{}}})
	for _, want := range []string{"its name", "its title", "its path", "identity headers"} {
		assert.ErrorContains(t, err, want)
	}
}
