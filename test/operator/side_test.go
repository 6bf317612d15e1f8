package operator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// An intact side of each provider has no finding against the stack's own secret, URL and
// table. cmd/paysluice/internal/doctor breaks each thing that is checked.
func TestDoctorOfProviders(t *testing.T) {
	for _, p := range contract.Providers() {
		a := accounts[p.Name]
		known, err := all.All(all.Settings{}).ByName(p.Name)
		require.NoError(t, err)
		var types []string
		for _, typ := range known.EventTypes() {
			if typ.Counts {
				types = append(types, typ.Name)
			}
		}
		l := &lossy{account: a, api: providerapi.New(p)}
		t.Cleanup(l.api.Close)
		endpoint := providerapi.Endpoint{ID: "we_1", URL: stack.Outputs[p.Title+"Url"], Types: types, Key: a.secret, Created: time.Now()}
		if p.Name == "paypal" {
			endpoint.ID = a.secret
		}
		l.api.Subscribe(endpoint)
		args := []string{"doctor", "--provider", p.Name, "--api-url", l.api.URL}
		if p.Name == "square" { // other tests store events that this one's provider does not list
			args = append(args, "--sandbox", "--skip", "search-square")
		}
		r := l.session().run(t, args...)
		assert.Equal(t, 0, r.code, "%s%s", r.stdout, r.stderr)

		l.api.Change(func([]providerapi.Endpoint) []providerapi.Endpoint {
			endpoint.URL += "/"
			return []providerapi.Endpoint{endpoint}
		})
		r = l.session().run(t, args...)
		assert.Equal(t, 3, r.code, r.stderr)
		assert.Contains(t, r.stdout, "differs from the stack's by a slash at its end")
		assert.NotContains(t, r.stdout+r.stderr, "marked", "no key is printed")
	}
}

// Square's search is off; --fix switches it on, and what happens then is listed.
func TestDoctorSwitchesSquaresSearchOn(t *testing.T) {
	l := lose(t, contract.Square(), 1)
	l.api.SearchOff()
	s := l.session()
	s.stdin = "yes\n"
	r := s.run(t, "doctor", "--provider", "square", "--sandbox", "--api-url", l.api.URL, "--fix")
	assert.Equal(t, 3, r.code, "it subscribes one type only")
	assert.Contains(t, r.stdout, "does not list the newest stored events")
	assert.Contains(t, r.stderr, "Square's event search is on")
	assert.Contains(t, l.api.Requests(), "PUT /v2/events/enable")
}
