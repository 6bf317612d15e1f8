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

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

const (
	oldSecret = "whsec_marked_old"
	newSecret = "whsec_marked_new"
	// body is not valid UTF-8: its description ends with \xff.
	body = "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"charge.succeeded\",\"created\":1780000000," +
		"\"data\":{\"object\":{\"id\":\"ch_1\",\"object\":\"charge\",\"description\":\"marked \xff\"}}}"
)

var (
	now     = time.Unix(1_780_000_100, 0)
	errDown = errors.New("down")
)

// secrets returns a verifier of current from Get and of newer from Refresh.
type secrets struct {
	current, newer string
	members        string // more members of the entry
	err            error
	refreshed      int
	plain          bool // without diagnoses
}

func (s *secrets) Get(context.Context) (provider.Verifier, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.plain {
		return plainVerifier{verifier(s.current, s.members)}, nil
	}
	return verifier(s.current, s.members), nil
}

func (s *secrets) Refresh(context.Context) (provider.Verifier, bool) {
	s.refreshed++
	return verifier(s.newer, s.members), s.newer != ""
}

func verifier(secret, members string) provider.Verifier {
	v, err := stripe.New().Verifier(fmt.Appendf(nil, `{"endpoints":[{"label":"main","secret":%q%s}]}`, secret, members))
	if err != nil {
		return nil
	}
	return v
}

// queue records messages, or fails with err.
type queue struct {
	err     error
	hangs   bool
	bodies  []string
	reasons []string
	groups  []string
}

func (q *queue) SendInGroup(ctx context.Context, body, group string) error {
	err := q.Send(ctx, body, "")
	if err == nil {
		q.groups = append(q.groups, group)
	}
	return err
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

// payloads records bodies, or fails with err.
type payloads struct {
	err  error
	kept map[string][]byte
}

func (p *payloads) Put(_ context.Context, e event.Event, retentionDays int) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	ref := contract.RetentionPrefix(retentionDays) + e.Provider + "/" + e.PayloadSHA256
	p.kept[ref] = e.Payload
	return ref, nil
}

// fixture is a processor for Stripe with its dependencies.
type fixture struct {
	secrets     *secrets
	events      *queue
	deadLetters *queue
	payloads    *payloads
	log         bytes.Buffer

	retentionDays int
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
	answer, err := f.newHandler(func() time.Time { return now }).Handle(ctx, r)
	require.NoError(t, err, "API Gateway answers an error with 502")
	assert.Equal(t, "application/json", answer.Headers["Content-Type"])
	assert.NotContains(t, f.log.String(), "marked", "a log line holds no secret and no payload")
	assert.NotContains(t, f.log.String(), "v1=", "a log line holds no signature")
	return answer
}

// newHandler returns the processor of a new environment.
func (f *fixture) newHandler(clock func() time.Time) *processor.Handler {
	return &processor.Handler{
		Provider:    stripe.New(),
		Secrets:     f.secrets,
		Events:      f.events,
		DeadLetters: f.deadLetters,
		Payloads:    f.payloads,

		RetentionDays: f.retentionDays,

		Log:     function.NewLogger(&f.log, "DEBUG"),
		Metrics: function.NewMetrics(&f.log, "test", clock),
		Now:     clock,
	}
}

// signed returns the request of a webhook.
func signed(body, secret string) function.Request {
	return function.Request{
		RequestID:         "req-1",
		ExtendedRequestID: "ext-1",
		Header:            providertest.Header(providertest.Sign(stripe.Signer{Secret: secret}, []byte(body), now)),
		Body:              []byte(base64.StdEncoding.EncodeToString([]byte(body))),
		IsBase64Encoded:   true,
	}
}

func TestSignedWebhookIsSentAndAnswered200(t *testing.T) {
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
	assert.Equal(t, int64(1_780_000_000_000), e.Timestamp, "the provider's time")
	assert.Equal(t, now.UnixMilli(), e.ReceivedAt)
	assert.Equal(t, "stripe", e.Provider)
	assert.Equal(t, "main", e.Endpoint)
	assert.Equal(t, "req-1", e.RequestID)
	assert.Equal(t, "ext-1", e.ExtendedRequestID)
	assert.NotContains(t, f.events.bodies[0], "traceparent", "most requests are not traced")
	assert.Equal(t, body, string(e.Payload))
	lines := logLines(t, &f.log)
	require.Len(t, lines, 1, "one line for an accepted webhook")
	assert.EqualValues(t, 1, lines[0]["Accepted"])
	assert.Equal(t, "stripe:evt_1", lines[0]["eventId"])
	assert.Equal(t, "req-1", lines[0]["apiRequestId"], "the id in API Gateway's access log")
	assert.Equal(t, "ext-1", lines[0]["extendedRequestId"], "and the one that no sender can choose")
}

func TestMessageHasTheTraceOfTheRequest(t *testing.T) {
	//lint:ignore SA1029 aws-lambda-go has a string as the key
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	f := newFixture()

	f.handleIn(ctx, t, signed(body, oldSecret))
	f.handleIn(ctx, t, signed("[]", oldSecret))

	require.Len(t, f.deadLetters.bodies, 1, "a signed body that is no event")
	for _, message := range append(f.events.bodies, f.deadLetters.bodies...) {
		e, err := event.DecodeReceipt(message)
		require.NoError(t, err)
		assert.Equal(t, "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01", e.Traceparent)
	}
}

func TestAcceptedWebhookIsCountedByWhatIsOddAboutIt(t *testing.T) {
	const missed = `{"id":"evt_1","object":"v2.core.event","type":"v2.core.health.event_generation_failure.resolved"}`
	for _, row := range []struct {
		why, body, metric string
		warns             bool
	}{
		{"a time that cannot be read", strings.Replace(body, "1780000000", `"soon"`, 1), contract.MetricIncomplete, false},
		{"events that Stripe could not make", missed, contract.MetricMissed, true},
	} {
		f := newFixture()
		require.Equal(t, http.StatusOK, f.handle(t, signed(row.body, oldSecret)).StatusCode)
		lines := logLines(t, &f.log)
		assert.EqualValues(t, 1, lines[0]["Accepted"], row.why)
		assert.EqualValues(t, 1, lines[0][row.metric], row.why)
		if row.warns {
			require.Len(t, lines, 2, row.why)
			assert.Equal(t, "WARN", lines[1]["level"])
			assert.Equal(t, "stripe:evt_1", lines[1]["eventId"], "what to fetch")
		}
	}
}

func TestBodyThatIsNotBase64Encoded(t *testing.T) {
	f := newFixture()
	r := signed(body, oldSecret)
	r.Body, r.IsBase64Encoded = []byte(body), false

	assert.Equal(t, http.StatusOK, f.handle(t, r).StatusCode)
}

func TestSlowQueueIsAnswered503BeforeTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.events.hangs = true
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()

		start := time.Now()

		answer := f.handleIn(ctx, t, signed(body, oldSecret))

		assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		assert.Equal(t, 8500*time.Millisecond, time.Since(start), "half a second is left to respond")
	})
}

func TestRotationTakesEffectImmediately(t *testing.T) {
	f := newFixture()
	f.secrets.newer = newSecret

	assert.Equal(t, http.StatusOK, f.handle(t, signed(body, newSecret)).StatusCode)
	assert.Equal(t, 1, f.secrets.refreshed)
	assert.Len(t, f.events.bodies, 1)
}

func TestWebhookThatIsNotAccepted(t *testing.T) {
	secretFails := func(err error) func(*fixture, *function.Request) {
		return func(f *fixture, _ *function.Request) { f.secrets.err = err }
	}
	const (
		rejected    = http.StatusUnauthorized
		unavailable = http.StatusServiceUnavailable
	)
	for _, row := range []struct {
		why       string
		arrange   func(*fixture, *function.Request)
		status    int
		metric    string // "" for none
		reason    provider.Reason
		isError   bool // an ERROR line
		refreshes int
	}{
		{"flagged as base64, and is not", func(_ *fixture, r *function.Request) { r.Body = []byte("{") },
			http.StatusBadRequest, "Rejected", provider.BodyNotBase64, false, 0},
		{"no header: gate 2 does not rely on gate 1", func(_ *fixture, r *function.Request) { r.Header = provider.Header{} },
			rejected, "Rejected", provider.HeaderMissing, false, 0},
		{"a signature of another body", func(_ *fixture, r *function.Request) {
			r.Body = []byte(base64.StdEncoding.EncodeToString([]byte(body + " ")))
		}, rejected, "Rejected", provider.SignatureMismatch, false, 1},
		{"a newer secret that does not match either", func(f *fixture, r *function.Request) {
			f.secrets.newer = newSecret
			*r = signed(body, "whsec_marked_forged")
		}, rejected, "Rejected", provider.SignatureMismatch, false, 1},
		{"the secret has no value: no alarm for a new stack", secretFails(fmt.Errorf("%w: no value", provider.SecretEmpty)),
			unavailable, "NotConfigured", provider.SecretEmpty, false, 0},
		{"the secret is malformed", secretFails(provider.SecretMalformed),
			unavailable, "SecretUnavailable", provider.SecretMalformed, true, 0},
		{"the secret worked and has no value any more", secretFails(fmt.Errorf("%w: no value", provider.SecretGone)),
			unavailable, "SecretUnavailable", provider.SecretGone, true, 0},
		{"Secrets Manager is down", secretFails(fmt.Errorf("%w: %w", provider.SecretUnreachable, errDown)),
			unavailable, "SecretUnavailable", provider.SecretUnreachable, true, 0},
		{"a certificate's host does not respond: anybody can name it, so no alarm", secretFails(provider.CertUnreachable),
			unavailable, "Undecided", provider.CertUnreachable, false, 0},
		{"strangers used up the fetches: a genuine webhook must come again", secretFails(provider.CertLimited),
			unavailable, "Undecided", provider.CertLimited, false, 0},
		{"an old certificate that anybody can name", secretFails(provider.PayPalChainUnlisted),
			unavailable, "Undecided", provider.PayPalChainUnlisted, false, 0},
		{"PayPal signed with a certificate of an untrusted authority, or the secret lists it", secretFails(provider.PayPalChain),
			unavailable, "Undecided", provider.PayPalChain, true, 0},
		{"an error without a reason is an internal failure", secretFails(errDown),
			unavailable, "", "", true, 0},
		{"SQS fails", func(f *fixture, _ *function.Request) { f.events.err = errDown },
			unavailable, "", provider.QueueUnreachable, true, 0},
		{"S3 fails for a large body", func(f *fixture, r *function.Request) {
			f.payloads.err = errDown
			*r = signed(padded(processor.MaxInline+1), oldSecret)
		}, unavailable, "", provider.BucketUnreachable, true, 0},
		{"SQS fails for a large body that S3 has", func(f *fixture, r *function.Request) {
			f.events.err = errDown
			*r = signed(padded(processor.MaxInline+1), oldSecret)
		}, unavailable, "", provider.QueueUnreachable, true, 0},
		{"S3 fails for a large body that is not an event", func(f *fixture, r *function.Request) {
			f.payloads.err = errDown
			*r = signed(strings.Repeat("x", processor.MaxInline+1), oldSecret)
		}, unavailable, "", provider.BucketUnreachable, true, 0},
		{"webhook-dlq fails for a body that is not an event", func(f *fixture, r *function.Request) {
			f.deadLetters.err = errDown
			*r = signed("hello", oldSecret)
		}, unavailable, "", provider.QueueUnreachable, true, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			f, r := newFixture(), signed(body, oldSecret)
			row.arrange(f, &r)

			answer := f.handle(t, r)

			assert.Equal(t, row.status, answer.StatusCode)
			assert.JSONEq(t, `{"received":false}`, answer.Body, "the response has no reason")
			assert.Empty(t, f.events.bodies)
			assert.Empty(t, f.deadLetters.bodies)
			assert.Equal(t, row.refreshes, f.secrets.refreshed)
			lines := logLines(t, &f.log)
			assert.Equal(t, row.isError, anyLineHas(lines, "level", "ERROR"))
			if row.metric != "" {
				assert.True(t, anyLineHas(lines, row.metric, 1.0), "metric %s in %v", row.metric, lines)
			}
			for _, l := range lines {
				assert.Equal(t, string(row.reason), l["reason"])
			}
		})
	}
}

func TestSignedBodyThatIsNotAnEventIsQuarantined(t *testing.T) {
	for _, row := range []struct {
		why, body string
		reason    provider.Reason
	}{
		{"not JSON", "\x00marked\xff", provider.EnvelopeUnreadable},
		{"an id with path segments", `{"id":"../marked","type":"a.b","created":1}`, provider.EventIDInvalid},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()

			answer := f.handle(t, signed(row.body, oldSecret))

			assert.Equal(t, http.StatusOK, answer.StatusCode, "webhook-dlq has it")
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
			assert.True(t, anyLineHas(lines, "level", "ERROR"), "somebody must act")
		})
	}
}

// TestEventOfTheOtherMode: a payment in test mode, signed with the secret of the live
// endpoint, is never stored as a live one. Connect's live endpoints get such events
// (docs.stripe.com/connect/webhooks), and who holds a test key can make them.
func TestEventOfTheOtherMode(t *testing.T) {
	const (
		none    = ``
		live    = `,"environment":"live"`
		sandbox = `,"environment":"sandbox"`
		stores  = `,"otherMode":"store"`
	)
	for _, row := range []struct {
		why, entry, livemode string
		stored, marked       bool
	}{
		{"test to live", live, `false`, false, true},
		{"live to test", sandbox, `true`, false, true},
		{"test to live, kept apart by the reader", live + stores, `false`, true, true},
		{"live to test, likewise", sandbox + stores, `true`, true, true},
		{"no mode", live, `null`, false, true},
		{"a mode that cannot be read", live, `"true"`, false, true},
		{"a number", live, `1`, false, true},
		{"no mode, stored without one", live + stores, `null`, true, true},
		{"live", live, `true`, true, false},
		{"test", sandbox, `false`, true, false},
		{"live, where others are stored too", live + stores, `true`, true, false},
		{"an entry that names no environment", none, `false`, true, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			f := newFixture()
			f.secrets.members = row.entry

			answer := f.handle(t, signed(strings.Replace(body, "{", `{"livemode":`+row.livemode+`,`, 1), oldSecret))

			assert.Equal(t, http.StatusOK, answer.StatusCode, "Stripe would repeat it for days")
			lines := logLines(t, &f.log)
			assert.Equal(t, !row.stored, anyLineHas(lines, "Quarantined", 1.0))
			assert.Equal(t, row.marked, anyLineHas(lines, "OtherMode", 1.0))
			if !row.stored {
				assert.Empty(t, f.events.bodies)
				assert.Equal(t, []string{string(provider.OtherMode)}, f.deadLetters.reasons)
			}
			for _, message := range append(f.events.bodies, f.deadLetters.bodies...) { // one
				e, err := event.Decode(message)
				require.NoError(t, err)
				assert.Equal(t, row.marked, e.OtherMode)
				if row.livemode != "true" && e.Livemode != nil {
					assert.False(t, *e.Livemode, "not live, in the archive and after a replay too")
				}
			}
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
	require.NotEmpty(t, lines, "every outcome is logged")
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
