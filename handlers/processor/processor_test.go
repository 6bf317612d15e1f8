package processor_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/header"
)

const (
	oldSecret = "whsec_marked_old"
	newSecret = "whsec_marked_new"
	// No text survives \xff but bytes.
	body = "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"charge.succeeded\",\"created\":1780000000," +
		"\"data\":{\"object\":{\"id\":\"ch_1\",\"object\":\"charge\",\"description\":\"marked \xff\"}}}"
)

var (
	now     = time.Unix(1_780_000_100, 0)
	errDown = errors.New("down")
)

// secrets answers Get with one document and Refresh with another.
type secrets struct {
	current, newer string
	err            error
	refreshed      int
}

func (s *secrets) Get(context.Context) (provider.Verifier, error) {
	if s.err != nil {
		return nil, s.err
	}
	return verifier(s.current), nil
}

func (s *secrets) Refresh(context.Context) (provider.Verifier, bool) {
	s.refreshed++
	return verifier(s.newer), s.newer != ""
}

func verifier(secret string) provider.Verifier {
	v, err := stripe.New().Verifier(fmt.Appendf(nil, `{"endpoints":[{"label":"main","secret":%q}]}`, secret))
	if err != nil {
		return nil
	}
	return v
}

// queue keeps what it was sent, or refuses it.
type queue struct {
	err     error
	hangs   bool
	bodies  []string
	reasons []string
}

func (q *queue) Send(ctx context.Context, body, failureReason string) error {
	if q.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if q.err != nil {
		return q.err
	}
	q.bodies, q.reasons = append(q.bodies, body), append(q.reasons, failureReason)
	return nil
}

// payloads keeps what it was given, or refuses it.
type payloads struct {
	err  error
	kept map[string][]byte
}

func (p *payloads) Put(_ context.Context, provider string, payload []byte) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	ref := "oversize/" + provider + "/" + event.HashPayload(payload)
	p.kept[ref] = payload
	return ref, nil
}

// fixture is a handler for Stripe with everything around it.
type fixture struct {
	secrets     *secrets
	events      *queue
	deadLetters *queue
	payloads    *payloads
	log         bytes.Buffer
}

func newFixture() *fixture {
	return &fixture{
		secrets: &secrets{current: oldSecret}, events: &queue{}, deadLetters: &queue{},
		payloads: &payloads{kept: map[string][]byte{}},
	}
}

func (f *fixture) handle(t *testing.T, r function.Request) events.APIGatewayProxyResponse {
	t.Helper()
	return f.handleIn(t.Context(), t, r)
}

func (f *fixture) handleIn(ctx context.Context, t *testing.T, r function.Request) events.APIGatewayProxyResponse {
	t.Helper()
	clock := func() time.Time { return now }
	h := processor.Handler{
		Provider:    stripe.New(),
		Secrets:     f.secrets,
		Events:      f.events,
		DeadLetters: f.deadLetters,
		Payloads:    f.payloads,
		Log:         function.NewLogger(&f.log, "DEBUG"),
		Metrics:     function.NewMetrics(&f.log, "test", clock),
		Now:         clock,
	}
	answer, err := h.Handle(ctx, r)
	require.NoError(t, err, "an error would be a 502")
	assert.Equal(t, "application/json", answer.Headers["Content-Type"])
	assert.NotContains(t, f.log.String(), "marked", "a log line holds no secret and no payload")
	assert.NotContains(t, f.log.String(), "v1=", "a log line holds no signature")
	return answer
}

// signed is a request as API Gateway passes it on.
func signed(body, secret string) function.Request {
	return function.Request{
		RequestID:       "req-1",
		Header:          header.Multi(map[string][]string{"Stripe-Signature": {stripe.Sign([]byte(body), secret, now)}}),
		Body:            []byte(base64.StdEncoding.EncodeToString([]byte(body))),
		IsBase64Encoded: true,
	}
}

func TestSignedWebhookIsQueuedThenAnswered200(t *testing.T) {
	f := newFixture()

	answer := f.handle(t, signed(body, oldSecret))

	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.JSONEq(t, `{"received":true,"eventId":"stripe:evt_1"}`, answer.Body)
	require.Len(t, f.events.bodies, 1)
	assert.Equal(t, []string{""}, f.events.reasons)
	assert.Empty(t, f.deadLetters.bodies)

	e, err := event.Decode(f.events.bodies[0])
	require.NoError(t, err)
	assert.Equal(t, "stripe:evt_1", e.ID)
	assert.Equal(t, int64(1_780_000_000_000), e.Timestamp, "the provider's time, never ours")
	assert.Equal(t, now.UnixMilli(), e.ReceivedAt)
	assert.Equal(t, "stripe", e.Provider)
	assert.Equal(t, "main", e.Endpoint)
	assert.Equal(t, "req-1", e.RequestID)
	assert.Equal(t, body, string(e.Payload))
	lines := logLines(t, &f.log)
	require.Len(t, lines, 1, "an ordinary invocation writes one line")
	assert.EqualValues(t, 1, lines[0]["Accepted"])
	assert.Equal(t, "stripe:evt_1", lines[0]["eventId"])
	assert.Equal(t, "req-1", lines[0]["apiRequestId"], "it leads to API Gateway's access log")
}

func TestBodyThatIsNotBase64Encoded(t *testing.T) {
	f := newFixture()
	r := signed(body, oldSecret)
	r.Body, r.IsBase64Encoded = []byte(body), false

	assert.Equal(t, http.StatusOK, f.handle(t, r).StatusCode)
}

func TestSlowQueueIsAnswered503InTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.events.hangs = true
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()

		start := time.Now()

		answer := f.handleIn(ctx, t, signed(body, oldSecret))

		assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		assert.Equal(t, 8500*time.Millisecond, time.Since(start), "half a second is left to answer")
	})
}

func TestRotationTakesEffectAtOnce(t *testing.T) {
	f := newFixture()
	f.secrets.newer = newSecret

	assert.Equal(t, http.StatusOK, f.handle(t, signed(body, newSecret)).StatusCode)
	assert.Equal(t, 1, f.secrets.refreshed)
	assert.Len(t, f.events.bodies, 1)
}

// TestTurnedAway holds the rows of the behaviour table that end in anything
// but the queue.
func TestTurnedAway(t *testing.T) {
	for _, row := range []struct {
		why       string
		arrange   func(*fixture, *function.Request)
		status    int
		metric    string // none when ""
		reason    provider.Reason
		alarming  bool // an ERROR line
		refreshes int
	}{
		{
			why:     "flagged as base64 and is not",
			arrange: func(_ *fixture, r *function.Request) { r.Body = []byte("{") },
			status:  http.StatusBadRequest, metric: "Rejected", reason: provider.BodyNotBase64,
		},
		{
			why: "no header: gate 2 stands without gate 1",
			arrange: func(_ *fixture, r *function.Request) {
				r.Header = provider.Header{}
			},
			status: http.StatusUnauthorized, metric: "Rejected", reason: provider.HeaderMissing,
		},
		{
			why: "another body under a good signature",
			arrange: func(_ *fixture, r *function.Request) {
				r.Body = []byte(base64.StdEncoding.EncodeToString([]byte(body + " ")))
			},
			status: http.StatusUnauthorized, metric: "Rejected", reason: provider.SignatureMismatch, refreshes: 1,
		},
		{
			why: "a newer secret that does not match either",
			arrange: func(f *fixture, r *function.Request) {
				f.secrets.newer = newSecret
				*r = signed(body, "whsec_marked_forged")
			},
			status: http.StatusUnauthorized, metric: "Rejected", reason: provider.SignatureMismatch, refreshes: 1,
		},
		{
			why: "the secret was never filled: no alarm, the stack is new",
			arrange: func(f *fixture, _ *function.Request) {
				f.secrets.err = fmt.Errorf("%w: no value", provider.SecretEmpty)
			},
			status: http.StatusServiceUnavailable, metric: "NotConfigured", reason: provider.SecretEmpty,
		},
		{
			why: "the secret is malformed",
			arrange: func(f *fixture, _ *function.Request) {
				f.secrets.err = provider.SecretMalformed
			},
			status: http.StatusServiceUnavailable, metric: "SecretUnavailable", reason: provider.SecretMalformed, alarming: true,
		},
		{
			why: "Secrets Manager is down",
			arrange: func(f *fixture, _ *function.Request) {
				f.secrets.err = fmt.Errorf("%w: %w", provider.SecretUnreachable, errDown)
			},
			status: http.StatusServiceUnavailable, metric: "SecretUnavailable", reason: provider.SecretUnreachable, alarming: true,
		},
		{
			why: "a certificate's host does not answer: a stranger may have named it, so no alarm",
			arrange: func(f *fixture, _ *function.Request) {
				f.secrets.err = provider.CertUnreachable
			},
			status: http.StatusServiceUnavailable, reason: provider.CertUnreachable,
		},
		{
			why: "PayPal's certificate is of an authority that is not trusted",
			arrange: func(f *fixture, _ *function.Request) {
				f.secrets.err = provider.PayPalChain
			},
			status: http.StatusServiceUnavailable, reason: provider.PayPalChain, alarming: true,
		},
		{
			why: "an error that nobody foresaw is ours, and fails closed",
			arrange: func(f *fixture, _ *function.Request) {
				f.secrets.err = errDown
			},
			status: http.StatusServiceUnavailable, alarming: true,
		},
		{
			why: "SQS refuses the message: the provider sends again",
			arrange: func(f *fixture, _ *function.Request) {
				f.events.err = errDown
			},
			status: http.StatusServiceUnavailable, reason: provider.QueueUnreachable, alarming: true,
		},
		{
			why: "S3 refuses a large body: the provider sends again",
			arrange: func(f *fixture, r *function.Request) {
				f.payloads.err = errDown
				*r = signed(padded(processor.MaxInline+1), oldSecret)
			},
			status: http.StatusServiceUnavailable, reason: provider.BucketUnreachable, alarming: true,
		},
		{
			why: "S3 has a large body and SQS refuses its message",
			arrange: func(f *fixture, r *function.Request) {
				f.events.err = errDown
				*r = signed(padded(processor.MaxInline+1), oldSecret)
			},
			status: http.StatusServiceUnavailable, reason: provider.QueueUnreachable, alarming: true,
		},
		{
			why: "S3 refuses a large body that is not an event",
			arrange: func(f *fixture, r *function.Request) {
				f.payloads.err = errDown
				*r = signed(strings.Repeat("x", processor.MaxInline+1), oldSecret)
			},
			status: http.StatusServiceUnavailable, reason: provider.BucketUnreachable, alarming: true,
		},
		{
			why: "not an event, and the dead-letter queue refuses it: not answered 200",
			arrange: func(f *fixture, r *function.Request) {
				f.deadLetters.err = errDown
				*r = signed("hello", oldSecret)
			},
			status: http.StatusServiceUnavailable, reason: provider.QueueUnreachable, alarming: true,
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			f, r := newFixture(), signed(body, oldSecret)
			row.arrange(f, &r)

			answer := f.handle(t, r)

			assert.Equal(t, row.status, answer.StatusCode)
			assert.JSONEq(t, `{"received":false}`, answer.Body, "the answer never says why")
			assert.Empty(t, f.events.bodies)
			assert.Empty(t, f.deadLetters.bodies)
			assert.Equal(t, row.refreshes, f.secrets.refreshed)
			lines := logLines(t, &f.log)
			assert.Equal(t, row.alarming, anyLineHas(lines, "level", "ERROR"))
			if row.metric != "" {
				assert.True(t, anyLineHas(lines, row.metric, 1.0), "metric %s in %v", row.metric, lines)
			}
			for _, l := range lines {
				assert.Equal(t, string(row.reason), l["reason"])
			}
		})
	}
}

func TestSignedButNotAnEventIsKept(t *testing.T) {
	for _, row := range []struct {
		why, body string
		reason    provider.Reason
	}{
		{"not JSON", "\x00marked\xff", provider.EnvelopeUnreadable},
		{"an id that could leave its S3 prefix", `{"id":"../marked","type":"a.b","created":1}`, provider.EventIDInvalid},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			answer := f.handle(t, signed(row.body, oldSecret))

			assert.Equal(t, http.StatusOK, answer.StatusCode, "the dead-letter queue has it")
			assert.JSONEq(t, `{"received":true}`, answer.Body)
			assert.Empty(t, f.events.bodies)
			assert.Equal(t, []string{string(row.reason)}, f.deadLetters.reasons)
			var kept event.Event
			require.NoError(t, json.Unmarshal([]byte(f.deadLetters.bodies[0]), &kept))
			assert.Equal(t, row.body, string(kept.Payload), "byte for byte")
			assert.Equal(t, event.HashPayload([]byte(row.body)), kept.PayloadSHA256)
			assert.Equal(t, "stripe", kept.Provider)
			assert.Equal(t, "main", kept.Endpoint)
			lines := logLines(t, &f.log)
			assert.True(t, anyLineHas(lines, "Quarantined", 1.0))
			assert.True(t, anyLineHas(lines, "level", "ERROR"), "somebody has to look at it")
		})
	}
}

func logLines(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for text := range strings.Lines(log.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &fields))
		lines = append(lines, fields)
	}
	require.NotEmpty(t, lines, "every outcome leaves a line")
	return lines
}

func anyLineHas(lines []map[string]any, key string, value any) bool {
	for _, l := range lines {
		if l[key] == value {
			return true
		}
	}
	return false
}
