package flow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconciler"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// reconciled is the stack's reconciler with the APIs of all providers.
type reconciled struct {
	apis map[string]*providerapi.Server // by provider
}

// hourAgo is when the providers made the events: the reconciler judges them.
func hourAgo() time.Time { return time.Now().Add(-time.Hour).Truncate(time.Second) }

// newReconciled plays the providers' APIs for the function and gives it their keys.
func newReconciled(t *testing.T, refill bool) *reconciled {
	t.Helper()
	r := &reconciled{apis: map[string]*providerapi.Server{}}
	var names []string
	var servers []*providerapi.Server
	for _, a := range accounts {
		p := a.Provider
		api := providerapi.New(p)
		t.Cleanup(api.Close)
		api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: stack.Outputs[p.Title+"Url"], Types: []string{"*"}})
		r.apis[p.Name], servers, names = api, append(servers, api), append(names, p.Name)
	}
	r.putKeys(t, names...)
	aws(t, "events", "disable-rule", "--name", contract.ReconcilerName+"-"+stack.Suffix) // the test invokes it

	roots, err := os.ReadFile(clientVariable("AWS_CA_BUNDLE"))
	require.NoError(t, err)
	variables := providerapi.Play(t, roots, servers...)
	variables[contract.ReconcileRefillVar] = fmt.Sprint(refill)
	require.NoError(t, stack.AddVariables(t.Context(), contract.ReconcilerName, variables))
	return r
}

// putKeys gives the function the keys of some providers.
func (*reconciled) putKeys(t *testing.T, providers ...string) {
	t.Helper()
	aws(t, "secretsmanager", "put-secret-value", "--secret-id", stack.Outputs["ApiKeysSecretArn"], "--secret-string", string(providerapi.KeyDocument(providers...)))
}

// clientVariable returns a variable of the emulator's clients.
func clientVariable(name string) string {
	for _, variable := range stack.ClientEnvironment() {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// list makes an event of an hour ago that the provider lists. Stripe's list says that
// nobody waits for its delivery.
func (r *reconciled) list(a *account, padding int) webhook {
	at := hourAgo()
	w := a.newWebhook()
	w.body = bytes.Replace(a.Body(w.id, 100, at.UnixMilli()), []byte("{"), fmt.Appendf(nil, `{"padding":%q,`, strings.Repeat("x", padding)), 1)
	listed := bytes.Replace(w.body, []byte(`"pending_webhooks":2`), []byte(`"pending_webhooks":0`), 1)
	r.apis[a.Provider.Name].Add(providerapi.Event{ID: w.id, Created: at, Body: listed})
	return w
}

// invoke forgets all comparisons and makes one of each provider.
func (r *reconciled) invoke(ctx context.Context) (map[string]reconciler.Outcome, error) {
	for key, err := range archive().Keys(ctx, contract.ReconciliationsPrefix, "") {
		if err == nil {
			_, err = objectClient().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: new(stack.Outputs["BucketName"]), Key: &key})
		}
		if err != nil {
			return nil, err
		}
	}
	return r.resume(ctx)
}

// resume invokes the function once: with its default of a minute the command would
// invoke it again.
func (*reconciled) resume(ctx context.Context) (got map[string]reconciler.Outcome, err error) {
	file := filepath.Join(os.TempDir(), "reconciled-"+time.Now().Format("150405.000000")+".json")
	defer os.Remove(file)
	if _, err := stack.AWS(ctx, "lambda", "invoke", "--cli-read-timeout", "0", "--function-name", contract.ReconcilerName+"-"+stack.Suffix, file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		return nil, fmt.Errorf("the reconciler answers %s: %w", text, err)
	}
	return got, nil
}

// object reads a JSON object of the bucket.
func object(t *testing.T, key string, into any) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "object")
	aws(t, "s3api", "get-object", "--bucket", stack.Outputs["BucketName"], "--key", key, file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	if into != nil {
		require.NoError(t, json.Unmarshal(text, into), "%s", text)
	}
	return text
}

// TestReconcilerFindsAndRefills loses an event of each provider. The first invocation
// reports it. One that refills gets it in, and proves it. Its late webhook is a
// duplicate.
func TestReconcilerFindsAndRefills(t *testing.T) {
	skipShort(t)
	r := newReconciled(t, false)
	lost := map[string]webhook{}
	for _, a := range accounts {
		for n := range 5 {
			if w := r.list(a, n); n == 2 {
				lost[a.Provider.Name] = w
			} else {
				deliver(t, w, http.StatusOK)
				requireRow(t, w.eventID())
			}
		}
		r.apis[a.Provider.Name].Fault = providerapi.Throttle(3, "0")
	}
	before := sum(t, contract.ReconcilerName, contract.MetricLost)
	got, err := r.invoke(t.Context())
	require.NoError(t, err)
	for name, w := range lost {
		require.Equal(t, []any{reconciler.StateFinished, 1}, []any{got[name].State, got[name].Missing}, "%s: %+v", name, got)
		var report reconciler.Report
		object(t, got[name].Report, &report)
		assert.Equal(t, []int{5, 4, 1, 0}, []int{report.Listed, report.Stored, report.Missing, report.Different}, name)
		var all string
		for _, key := range report.Findings {
			all += string(object(t, key, nil))
		}
		assert.Contains(t, all, `{"state":"missing","eventId":"`+w.eventID()+`"`)
	}
	assert.Equal(t, before+1, sum(t, contract.ReconcilerName, contract.MetricLost), "what the alarm reads: the others may still be delivered")

	again, err := r.resume(t.Context())
	require.NoError(t, err)
	for name := range lost {
		assert.Equal(t, []any{reconciler.StateIdle, 1}, []any{again[name].State, again[name].Missing}, "the alarm goes on")
	}

	r.apis = newReconciled(t, true).with(r.apis)
	r.apis["paypal"].Resend = func(providerapi.Event) int {
		if status, _, err := lost["paypal"].send(context.Background()); err != nil || status != http.StatusOK {
			return http.StatusNotFound
		}
		return http.StatusAccepted
	}
	got, err = r.invoke(t.Context())
	require.NoError(t, err)
	duplicates := sum(t, contract.ConsumerName, contract.MetricDuplicates)
	for name, w := range lost {
		require.Equal(t, []any{reconciler.StateFinished, 0}, []any{got[name].State, got[name].Missing}, "%s: %+v", name, got)
		var report reconciler.Report
		text := object(t, got[name].Report, &report)
		assert.Equal(t, []int{5, 5}, []int{report.Listed, report.Stored}, name)
		row := requireRow(t, w.eventID())
		if name == "paypal" {
			assert.Contains(t, string(text), `"refill":{"found":1,"redelivered":1,"stored":0}`)
			assert.Equal(t, []string{"", "test"}, []string{row.Origin, row.Endpoint}, "by the front door")
			continue
		}
		assert.Contains(t, string(text), `"refill":{"found":1,"redelivered":0,"stored":1}`)
		assert.Equal(t, []string{event.OriginReconcile, ""}, []string{row.Origin, row.Endpoint})
		w.at = time.Now()
		deliver(t, w, http.StatusOK)
		duplicates++
	}
	// SQS delivers at least once, and a loaded machine repeats a batch: some count twice.
	assert.Eventually(t, func() bool { return sum(t, contract.ConsumerName, contract.MetricDuplicates) >= duplicates }, waitTime, time.Second,
		"late webhooks of refilled events")
	requireEmpty(t, "DeadLetterQueueUrl")
}

// with adds the events and the endpoints of other servers.
func (r *reconciled) with(others map[string]*providerapi.Server) map[string]*providerapi.Server {
	for name, api := range r.apis {
		api.Add(others[name].Events()...)
	}
	return r.apis
}

var errReconciler = errors.New("the reconciler did not get in what was missing")

// exercise loses a large and then a small event of each provider: the function does not wait
// for large ones alone that it could not get in. PayPal refuses to deliver them again, so that
// each is stored from its list. A last invocation reads the result.
func (r *reconciled) exercise(ctx context.Context) error {
	r.apis["paypal"].Resend = func(providerapi.Event) int { return http.StatusNotFound }
	for _, padding := range []int{event.MaxInline, 0} {
		for _, a := range accounts {
			r.list(a, padding)
		}
		got, err := r.invoke(ctx)
		if err != nil {
			return err
		}
		for name, o := range got {
			if o.State != reconciler.StateFinished || o.Missing > 0 {
				return fmt.Errorf("%w: %s: %+v", errReconciler, name, o)
			}
		}
	}
	again, err := r.resume(ctx)
	if err != nil {
		return err
	}
	for name, o := range again {
		if o.State != reconciler.StateIdle {
			return fmt.Errorf("%w: %s: %+v", errReconciler, name, o)
		}
	}
	return nil
}
