package console

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
)

// Each page says why AWS did not answer, also if nothing can be read.
func TestPagesWithoutAWS(t *testing.T) {
	for title, why := range map[string]error{"AWS cannot be reached.": fmt.Errorf("%w: no route", stack.ErrUnreachable), "Access denied.": denied()} {
		fail := map[string]error{}
		for _, call := range []string{"Events", "Event", "Timeline", "Counts", "QueueStates", "Alarms", "List", "Search", "Runs", "Summary", "Load", "Plan"} {
			fail[call] = why
		}
		s, w := withArchive(t, &archive{fail: fail})
		w.fail, s.AllowSend = fail, true
		s.Trace = func(context.Context, string) (query.Trace, error) { return query.Trace{}, why }
		s.Target = func(context.Context, contract.Provider) (webhook.Plan, error) { return webhook.Plan{}, why }
		s.Examine = func(context.Context) ([]doctor.Result, error) { return nil, why }
		for _, target := range []string{
			"/", "/events", "/event?id=stripe:1", "/payment?id=x", "/search?q=stripe:1", "/failures", group, "/run?id=run1", "/send", "/doctor?examine", traceURL("x"), "/payload?id=stripe:1",
		} {
			text := get(t, s, target).Body.String()
			assert.Contains(t, text, title, target)
			for _, good := range []string{"No event failed", "Nothing is wrong", "No event matches", "The list ends here", "The list goes back"} {
				assert.NotContains(t, text, good, target)
			}
		}
		text := post(t, s, "/replay/resume", url.Values{"id": {"run1"}}).Body.String()
		assert.Contains(t, text, title, "resume")
	}
}
