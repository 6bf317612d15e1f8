package operator_test

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// Settings of TestReconcile. The run of docs/reliability.md has 10,000 events.
var (
	reconcileEvents = flag.Int("reconcile-events", 40, "events of each provider in TestReconcile")
	reconcileSeed   = flag.Uint64("reconcile-seed", 0, "what draws TestReconcile's faults; 0 draws one")
)

// lossy is a provider and what it sent.
type lossy struct {
	*account
	api    *providerapi.Server
	bodies map[string][]byte // by the provider's id, those that were lost
	since  time.Time
	span   time.Duration // from the first event to the last
}

// listed returns the n-th body as the provider's API renders it.
func listed(p contract.Provider, n int, body []byte) []byte {
	switch p.Name {
	case "stripe": // fewer pending webhooks, and some in another version than the endpoint's
		version := "2026-01-28"
		if n%8 == 7 { // also some of those that are lost
			version = "2020-08-27"
		}
		return []byte(strings.NewReplacer(`"2026-01-28"`, `"`+version+`"`, `"pending_webhooks":2`, `"pending_webhooks":0`).Replace(string(body)))
	case "paypal":
		return []byte(strings.Replace(string(body), `"links":[]`, `"status":"FAILURE","transmissions":[],"links":[{"rel":"self"}]`, 1))
	}
	return []byte(strings.Replace(string(body), `Z","data"`, `.000042","data"`, 1)) // no zone
}

// eventsAnHour makes the time that a comparison looks at longer, the more events there
// are: one with many events has several windows, and so several places to resume from.
const eventsAnHour = 400

// lose makes events, and sends all but every 20th to the stack.
func lose(t *testing.T, p contract.Provider, events int) *lossy {
	t.Helper()
	l := &lossy{account: accounts[p.Name], api: providerapi.New(p), bodies: map[string][]byte{}}
	t.Cleanup(l.api.Close)
	l.span = time.Duration(events/eventsAnHour+1) * time.Hour
	l.since = time.Now().Add(-l.span - 2*time.Hour).Truncate(time.Second)
	l.api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: stack.Outputs[p.Title+"Url"], Created: l.since,
		Types: []string{"payment_intent.succeeded", "PAYMENT.CAPTURE.COMPLETED", "payment.updated"}})
	var sent [][]byte
	for n := range events {
		id, at := l.NewID(), l.since.Add(l.span*time.Duration(n)/time.Duration(events)).Truncate(time.Second)
		body := l.Body(id, 100+n, at.UnixMilli())
		l.api.Add(providerapi.Event{ID: id, Created: at, Body: listed(p, n, body)})
		if n%20 == 7 {
			l.bodies[id] = body
		} else {
			sent = append(sent, body)
		}
	}
	l.deliverAll(t, slices.Values(sent))
	l.api.Resend = func(e providerapi.Event) int {
		if body := l.bodies[e.ID]; body != nil && l.deliver(context.Background(), body) == http.StatusOK {
			return http.StatusAccepted
		}
		return http.StatusNotFound
	}
	return l
}

// deliverAll sends webhooks, eight at a time, and waits until the queue is empty. It
// repeats what is not answered 200, as a provider does.
func (l *lossy) deliverAll(t *testing.T, bodies iter.Seq[[]byte]) {
	t.Helper()
	var sending sync.WaitGroup
	slots := make(chan struct{}, 8)
	for body := range bodies {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			status := l.deliver(t.Context(), body)
			for attempt := 0; status != http.StatusOK && attempt < 5; attempt++ {
				time.Sleep(time.Second)
				status = l.deliver(t.Context(), body)
			}
			assert.Equal(t, http.StatusOK, status)
		})
	}
	sending.Wait()
	drained(t)
}

// drained waits until webhook-queue is empty. A record that a loaded machine could not store
// returns after the visibility timeout.
func drained(t *testing.T) {
	t.Helper()
	const returns = contract.QueueVisibilitySeconds * time.Second
	require.Eventually(t, func() bool {
		waiting, err := stack.Depth(t.Context(), "QueueUrl")
		return err == nil && waiting == 0
	}, returns+waitTime+time.Duration(*reconcileEvents)*100*time.Millisecond, pollTime, "webhook-queue does not empty")
}

// deliver sends a webhook.
func (l *lossy) deliver(ctx context.Context, body []byte) int {
	status, _, err := stack.Post(ctx, l.Provider, l.Header(body, l.secret, time.Now()), body)
	if err != nil {
		return 0
	}
	return status
}

// reconciled is what the command prints.
type reconciled struct {
	Listed, Stored, Missing, Unknown, Different, Redelivered, Refilled int

	Examples []struct{ State, EventID string }
}

// session returns the session of an operator with a provider's key.
func (l *lossy) session() session {
	s, k := root(), providerapi.Key()
	s.env = append(s.env, "STRIPE_API_KEY="+k.Token, "SQUARE_ACCESS_TOKEN="+k.Token,
		"PAYPAL_CLIENT_ID="+k.ClientID, "PAYPAL_CLIENT_SECRET="+k.ClientSecret)
	return s
}

func (l *lossy) args(more ...string) []string {
	args := append([]string{"reconcile", l.Provider.Name, "--api-url", l.api.URL, "-o", "json",
		"--since", l.since.Format(time.RFC3339), "--until", l.since.Add(l.span + time.Hour).Format(time.RFC3339)}, more...)
	if l.Provider.Name == "square" {
		args = append(args, "--sandbox")
	}
	return args
}

func (l *lossy) reconcile(t *testing.T, code int, more ...string) reconciled {
	t.Helper()
	r := l.session().run(t, l.args(more...)...)
	require.Equal(t, code, r.code, "%s%s", r.stdout, r.stderr)
	assert.NotContains(t, r.stdout+r.stderr, "marked")
	var got reconciled
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
	return got
}

// TestReconcile: a stack that lost events is proven incomplete, refilled and proven
// complete, while the provider throttles and the command is killed. Webhooks that arrive
// later are duplicates.
func TestReconcile(t *testing.T) {
	seed := cmp.Or(*reconcileSeed, rand.Uint64())
	for i, p := range contract.Providers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel() // not with other tests: it would count their duplicates
			testReconcile(t, p, seed+uint64(i))
		})
	}
}

func testReconcile(t *testing.T, p contract.Provider, seed uint64) {
	start := time.Now()
	after := func() time.Duration { return time.Since(start).Round(time.Second) }
	random := rand.New(rand.NewPCG(seed, 0))
	events, place := *reconcileEvents, filepath.Join(t.TempDir(), "place.json")
	l := lose(t, p, events)
	lost := len(l.bodies)
	require.Positive(t, lost)
	t.Logf("%d of %d webhooks sent after %s; seed %d", events-lost, events, after(), seed)
	l.api.Fault = providerapi.Unsteady(rand.New(rand.NewPCG(seed, 1)), 4)

	l.kill(t, random, events/100, "--place", place)
	got := l.reconcile(t, 3, "--place", place)
	assert.Equal(t, []int{events, events - lost, lost, 0, 0}, []int{got.Listed, got.Stored, got.Missing, got.Unknown, got.Different})
	for _, e := range got.Examples {
		assert.Contains(t, l.bodies, strings.TrimPrefix(e.EventID, p.Name+":"))
	}
	t.Logf("proven incomplete after %s", after())

	l.kill(t, random, events/50, "--refill", "--yes", "--place", place)
	got = l.reconcile(t, 0, "--refill", "--yes", "--place", place, "--wait", "10m")
	assert.Equal(t, []int{events, 0}, []int{got.Stored, got.Missing})
	assert.NoFileExists(t, place)
	t.Logf("proven complete after %s", after())

	drained(t) // a refill that was killed may have sent some twice
	conflicts, late := conflictsOf(t, p), time.Now()
	count := func(metric string) int { return countOf(t, p, metric, late) }
	l.deliverAll(t, maps.Values(l.bodies))
	l.checkOrigin(t)
	// SQS delivers at least once, and a loaded machine repeats a batch: some count twice.
	require.Eventually(t, func() bool { return count(contract.MetricDuplicates) >= lost }, waitTime, time.Second,
		"each late webhook is counted as a duplicate")
	assert.Zero(t, count(contract.MetricStored), "no late webhook is stored")
	assert.Equal(t, conflicts, conflictsOf(t, p), "late webhooks are no conflicts")
	assert.Equal(t, events, l.reconcile(t, 0).Stored)
	t.Logf("%d late webhooks counted as duplicates after %s, no conflict", count(contract.MetricDuplicates), after())
}

// checkOrigin looks at some of the events that were refilled from the list. PayPal
// delivers by the front door.
func (l *lossy) checkOrigin(t *testing.T) {
	t.Helper()
	left := 5
	for id := range l.bodies {
		if left--; left < 0 || l.Provider.Name == "paypal" {
			return
		}
		var stored event.Event
		r := paysluice(t, "events", "get", l.EventID(id), "-o", "json")
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &stored), r.stderr)
		assert.Equal(t, event.OriginReconcile, stored.Origin)
		assert.Empty(t, stored.Endpoint)
	}
}

// kill runs the command and kills it, some requests to the provider after its start,
// several times. A run that ends before it is killed is one less.
func (l *lossy) kill(t *testing.T, random *rand.Rand, most int, more ...string) {
	t.Helper()
	kills := 3
	if testing.Short() { // each is a run
		kills = 1
	}
	for range kills {
		cmd := l.session().command(t, l.args(more...)...)
		require.NoError(t, cmd.Start())
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		last := len(l.api.Requests()) + 2 + random.IntN(most+4)
		for running := true; running && len(l.api.Requests()) < last; {
			select {
			case <-ended:
				running = false
			case <-time.After(5 * time.Millisecond):
			}
		}
		_ = cmd.Process.Kill()
		<-ended
	}
}

// conflictsOf counts the provider's archived messages and the waiting dead letters.
func conflictsOf(t *testing.T, p contract.Provider) int {
	t.Helper()
	waiting, err := stack.Depth(t.Context(), "DeadLetterQueueUrl")
	require.NoError(t, err)
	var keys []string
	require.NoError(t, stack.Query(t.Context(), &keys, "s3api", "list-objects-v2", "--bucket", stack.Outputs["BucketName"],
		"--prefix", p.Name+"/", "--query", "Contents[].Key || `[]`"))
	return waiting + len(keys)
}

func TestReconcileReadsTheKeyFromItsSecret(t *testing.T) {
	t.Parallel()
	l := lose(t, contract.Square(), 1)
	s := root()
	r := s.run(t, l.args()...)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, `no key for Square: set SQUARE_ACCESS_TOKEN, or put {"accessToken":"…","environment":"live"} into the secret square-api-key-operator`)

	put := func(document string) {
		_, err := stack.AWS(t.Context(), "secretsmanager", "create-secret", "--name", "square-api-key-operator", "--secret-string", document)
		if err != nil {
			_, err = stack.AWS(t.Context(), "secretsmanager", "put-secret-value", "--secret-id", "square-api-key-operator", "--secret-string", document)
		}
		require.NoError(t, err)
	}
	put("marked")
	t.Cleanup(func() {
		_, _ = stack.AWS(context.Background(), "secretsmanager", "delete-secret", "--secret-id", "square-api-key-operator", "--force-delete-without-recovery")
	})
	r = s.run(t, l.args()...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "secret square-api-key-operator: the key is malformed: it is not the JSON document")
	put(fmt.Sprintf(`{"accessToken":%q,"environment":"sandbox"}`, providerapi.Key().Token))
	require.Eventually(t, func() bool { r = s.run(t, l.args()...); return r.code == 0 }, waitTime, time.Second, "%v", r)

	s = user(t, allow("*", "cloudformation:DescribeStacks"))
	r = s.run(t, l.args()...)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "the secret square-api-key-operator may not be read: access denied: secretsmanager:GetSecretValue on ")
}

func TestReconcileSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	l := lose(t, contract.Stripe(), 1)
	for args, want := range map[string]string{
		"adyen":                               "PROVIDER must be one of stripe, paypal, square",
		"stripe --since yesterday":            "--since: \"yesterday\" must be a time before now",
		"stripe --until x":                    "--until: \"x\" must be a time before now",
		"stripe --since 1h --until 2h":        "--since must be before --until and before now",
		"stripe --store":                      "--store chooses how --refill works: add --refill",
		"stripe --wait -1s":                   "--wait must be 0 or more",
		"stripe --since 40d --all-types":      "--since: Stripe lists events of the last 30 days only",
		"paypal --account x":                  "PayPal lists the events of one app",
		"stripe --api-url http://example.com": "not the URL of an API",
	} {
		r := l.session().run(t, append([]string{"reconcile"}, strings.Fields(args)...)...)
		assert.Equal(t, 2, r.code, "%s: %s", args, r.stderr)
		assert.Contains(t, r.stderr, want)
	}
	r := l.session().run(t, l.args("--webhook-url", "https://other.example.com")...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no webhook endpoint with the URL https://other.example.com in this account and mode: name another with --webhook-url")

	s := l.session()
	s.env = append(s.env, "STRIPE_API_KEY=rk_test_other")
	r = s.run(t, l.args()...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "the provider refuses the key: GET /v1/webhook_endpoints: status 401")
	assert.NotContains(t, r.stderr, "rk_test_other")

	place := filepath.Join(t.TempDir(), "place.json")
	require.NoError(t, os.WriteFile(place, []byte("x"), 0o600))
	r = l.session().run(t, l.args("--place", place)...)
	assert.Contains(t, r.stderr, "is not the place of a comparison: name another file")
	require.NoError(t, os.WriteFile(place, []byte("{}"), 0o600))
	r = l.session().run(t, l.args("--place", place)...)
	assert.Contains(t, r.stderr, "is the place of another comparison: name another file")

	s = l.session()
	s.stdin = "no\n"
	l.bodies = nil
	id := l.NewID()
	l.api.Add(providerapi.Event{ID: id, Created: l.since, Body: l.Body(id, 1, l.since.UnixMilli())})
	r = s.run(t, l.args("--refill")...)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "Refill 1 missing event of Stripe into "+stack.Name)
	assert.Contains(t, r.stderr, "not confirmed: nothing was done")

	r = l.session().interrupted(t, func(_, stderr string) bool {
		l.api.Fault = providerapi.Throttle(1, "60")
		return strings.Contains(stderr, "next attempt in 1m0s")
	}, l.args("--place", place+"2")...)
	assert.Equal(t, 130, r.code, r.stderr)
}
