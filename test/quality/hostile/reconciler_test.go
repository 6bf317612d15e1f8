package hostile

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconciler"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// playProviders plays the providers' APIs and returns the variables of the reconciler. It
// puts their keys into the secrets.
func (f *functions) playProviders(t *testing.T, secrets map[string]string) (env []string) {
	t.Helper()
	var urls, names []string
	for _, p := range contract.Providers() {
		api := providerapi.Unstarted(p)
		api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: endpointURL, Types: []string{"*"}})
		f.apis = append(f.apis, api)
		names, urls = append(names, p.Name), append(urls, p.Name+"="+endpointURL)
	}
	secrets["keys"] = string(providerapi.KeyDocument(names...))
	for name, value := range providerapi.Play(t, nil, f.apis...) {
		env = append(env, name+"="+value)
	}
	return append(env, contract.SecretARNVar+"=keys", contract.ReconcileEveryVar+"=1", contract.RetentionDaysVar+"=0",
		contract.TableNameVar+"="+contract.TableName, contract.EndpointURLsVar+"="+strings.Join(urls, ","))
}

// compare has the reconciler compare, while a provider answers with a shape in place of a page of
// events or of its endpoints, in the page, or in an event and its deliveries. Answers are compressed.
func (f *functions) compare(t *testing.T, rng *rand.Rand, s shape) {
	t.Helper()
	api, toEvents := f.apis[rng.IntN(len(f.apis))], rng.IntN(4) > 0
	list := map[string][]string{"stripe": {"data", "data"}, "paypal": {"webhooks", "events"}, "square": {"subscriptions", "events"}}[api.Provider.Name]
	member, size := list[1], []int{40 << 20, 30 << 20, 5 << 20}[rng.IntN(3)]
	if !toEvents {
		member, size = list[0], size/16 // the bound of such an answer is lower
	}
	at := time.Now().Add(-time.Hour).UTC()
	event := fmt.Sprintf(`[{"id":"e","event_id":"e","type":"a","event_type":"a","created":%d,"created_at":%q,"create_time":%[2]q,`, at.Unix(), at.Format(time.RFC3339))
	place := []string{"%s", `{"` + member + `":%s}`, `{"` + member + `":` + event + `"transmissions":%[1]s,"data":%[1]s}]}`}[rng.IntN(3)]
	answer := fmt.Sprintf(place, s.make(size/strings.Count(place, "%"), 1+rng.IntN(maxLevels)))

	api.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasSuffix(r.URL.Path, "/token") || strings.HasSuffix(r.URL.Path, "events") != toEvents {
			return false
		}
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = io.WriteString(packed, answer) // the function may read no more
		_ = packed.Close()
		return true
	}
	name, outcomes := fmt.Sprintf("%s, %d bytes for %s", s.name, len(answer), api.Provider.Name), map[string]reconciler.Outcome{}
	f.invoke(t, name, contract.ReconcilerBinary, struct{}{}, &outcomes)
	api.Fault = nil
	for _, other := range f.apis {
		if other != api {
			assert.Equal(t, reconciler.StateFinished, outcomes[other.Provider.Name].State, "%s: %s", name, f.lastLine(contract.ReconcilerBinary))
		}
	}
}
