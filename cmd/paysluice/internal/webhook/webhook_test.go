package webhook

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

const url = "https://abc.execute-api.us-east-1.amazonaws.com/live/square"

// certificate is shared, because making a key is slow.
var certificate = sync.OnceValue(func() local.PayPal {
	return senders.IssuePayPal(paypaltest.NewAuthority(time.Now()), nil)
})

func issued() *local.PayPal { return new(certificate()) }

// options returns the options of a provider with one text as its secret.
func options(p contract.Provider) Options {
	return Options{Provider: p, Secret: []byte("secret\n"), URL: url, PayPal: issued()}
}

func newSender(t *testing.T, o Options) *Sender {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	return s
}

// body is an event of any of the three providers.
const body = `{"id":"e1","event_id":"e1","type":"charge.updated","event_type":"PAYMENT.SALE.DENIED","created_at":"2026-01-01"}`

func TestRequestsAreAnsweredAsExpected(t *testing.T) {
	now := time.Now()
	body := strings.Replace(body, "2026-01-01", now.Format(time.RFC3339), 1)
	for _, p := range contract.Providers() {
		s := newSender(t, options(p))
		for tamper, want := range map[Tamper]Answer{
			Genuine:         {Status: 200},
			Signature:       {401, provider.SignatureMismatch, "processor"},
			Timestamp:       {401, provider.TimestampStale, "authorizer"},
			ChangedBody:     {401, provider.SignatureMismatch, "processor"},
			DuplicateHeader: {401, provider.HeaderRepeated, "authorizer"},
			Unsigned:        {401, provider.HeaderMissing, "authorizer"},
		} {
			if p.Name == "square" && tamper == Timestamp {
				want.Gate = "processor"
			}
			r, err := s.Request(t.Context(), []byte(body), tamper, now)
			require.NoError(t, err)
			assert.Equal(t, want, r.Expected, "%s %s", p.Name, tamper)
			assert.Equal(t, event.NewID(p.Name, "e1"), r.Event.ID)
		}
	}
}

func TestBodiesThatAreArchived(t *testing.T) {
	o := options(contract.Stripe())
	o.Secret = []byte(`{"endpoints":[{"label":"a","secret":"x"},{"label":"b","secret":"y","environment":"live"}]}`)
	o.Label = "b"
	s := newSender(t, o)
	assert.True(t, s.Live)
	for text, want := range map[string]provider.Reason{
		`{`:                                      provider.EnvelopeUnreadable,
		`{"id":"e","type":"t","livemode":false}`: provider.OtherMode,
		`{"id":"e","type":"t"}`:                  provider.OtherMode,
		`{"id":"e","type":"t","livemode":true}`:  "",
	} {
		r, err := s.Request(t.Context(), []byte(text), Genuine, time.Now())
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, r.Expected.Status)
		assert.Equal(t, want, r.Expected.Reason, text)
	}
}

func TestAnswersInWords(t *testing.T) {
	for want, a := range map[string]Answer{
		"200, and the event is stored once":              {Status: 200},
		"200, and the processor archives it: other_mode": {200, provider.OtherMode, "processor"},
		"503 from the processor: paypal_chain_unlisted":  refused("processor", provider.PayPalChainUnlisted),
		"401 from the authorizer: header_missing":        refused("authorizer", provider.HeaderMissing),
	} {
		assert.Equal(t, want, a.String())
	}
	descriptions := map[string][]string{}
	for _, p := range contract.Providers() {
		for _, tamper := range append(Tampers(), Genuine) {
			descriptions[p.Name] = append(descriptions[p.Name], newSender(t, options(p)).Describe(tamper))
		}
	}
	assert.Equal(t, []string{
		"signed with another secret", "created 73 hours ago", "one space is added to the body after it was signed",
		"x-square-hmacsha256-signature is sent twice", "x-square-hmacsha256-signature is left out", "signed with the entry given",
	}, descriptions["square"])
	assert.Equal(t, "signed 10 minutes ago", descriptions["stripe"][1])
	assert.Equal(t, "signed 31 days ago", descriptions["paypal"][1])
}

func TestTamperIsAFlag(t *testing.T) {
	var tamper Tamper
	assert.ErrorIs(t, tamper.Set("everything"), ErrTamper)
	assert.NoError(t, tamper.Set("body"))
	assert.Equal(t, "body", tamper.String())
	assert.Equal(t, "part", tamper.Type())
}

func TestSendersThatCannotBeMade(t *testing.T) {
	curve, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	exchange, err := x509.MarshalPKCS8PrivateKey(curve)
	require.NoError(t, err)
	for _, tt := range []struct {
		why    string
		p      contract.Provider
		change func(*Options)
		want   string
		is     error
	}{
		{"a secret that was never filled", contract.Stripe(), func(o *Options) { o.Secret = nil }, "put {", provider.SecretEmpty},
		{"a malformed secret", contract.PayPal(), func(o *Options) { o.Secret = []byte("{") }, "", provider.SecretMalformed},
		{"another name of the list", contract.Stripe(), func(o *Options) { o.Secret = []byte(`{"Endpoints":[{"label":"a","secret":"x"}]}`) }, "other capitals", secrets.ErrMalformed},
		{"no such label", contract.Square(), func(o *Options) { o.Label = "x" }, `"x"; its labels are given`, ErrEntry},
		{"PayPal on AWS", contract.PayPal(), func(o *Options) { o.PayPal = nil }, "make up", ErrPayPal},
		{"a broken key", contract.PayPal(), func(o *Options) { o.PayPal.Key = nil }, "the key of the local PayPal: ", nil},
		{"a key that cannot sign", contract.PayPal(), func(o *Options) { o.PayPal.Key = exchange }, "is a *ecdh.PrivateKey, which cannot sign", nil},
		{"a provider that is not registered", contract.Provider{Name: "adyen"}, func(*Options) {}, "adyen", provider.ErrUnknown},
	} {
		o := options(tt.p)
		tt.change(&o)
		_, err := New(o)
		assert.ErrorContains(t, err, tt.want, tt.why)
		if tt.is != nil {
			assert.ErrorIs(t, err, tt.is, tt.why)
		}
	}
	assert.ErrorIs(t, new(Sender).sign(options(contract.Provider{Name: "adyen"}), secrets.Entry{}), ErrProvider)
	_, err = Options{}.fetch(t.Context(), "")
	assert.ErrorIs(t, err, ErrPayPal)
}

func TestSquareSignsTheURLOfTheEntry(t *testing.T) {
	o := options(contract.Square())
	o.Secret = []byte(`{"subscriptions":[{"label":"a","signatureKey":"k","environment":"sandbox","notificationUrl":"https://example.com/hooks","maxAgeHours":100}]}`)
	s := newSender(t, o)
	r, err := s.Request(t.Context(), []byte(`{"event_id":"e","type":"t"}`), Genuine, time.Now())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, r.Expected.Status)
	assert.Contains(t, s.Describe(Timestamp), "created 101 hours ago")
	_, err = s.Request(t.Context(), []byte(`{`), Timestamp, time.Now())
	assert.ErrorContains(t, err, "the body is not JSON", "its time cannot be changed")
	s.signer = failing{}
	_, err = s.Request(t.Context(), nil, Genuine, time.Now())
	assert.ErrorIs(t, err, errDenied)
}

// failing is a signer whose key is broken.
type failing struct{}

func (failing) Sign([]byte, time.Time) (map[string]string, error) { return nil, errDenied }

// backend is a stack that answers at once, and stores and archives later.
type backend struct {
	status  int
	polls   int // until the outcome is there
	outcome string
	stored  event.Event
	err     error
}

func (s *backend) Do(*http.Request) (*http.Response, error) {
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{"X-Amzn-Requestid": {"r1"}}}, nil
}

func (s *backend) Event(_ context.Context, id string) ([]event.Event, error) {
	s.polls--
	if s.outcome == "denied" || s.outcome == "denied later" && s.polls < 0 {
		return nil, errDenied
	}
	if s.outcome == "present" || s.outcome == "stored" && s.polls < 0 {
		return []event.Event{s.stored}, nil
	}
	return nil, query.ErrNotFound
}

func (s *backend) Archived(_ context.Context, e event.Event) (event.Archived, error) {
	switch {
	case s.outcome == "archived":
		return event.Archived{FailureReason: e.RequestID}, nil
	case s.outcome == "no archive":
		return event.Archived{}, errDenied
	}
	return event.Archived{}, query.ErrNotFound
}

var errDenied = errors.New("denied")

func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		why    string
		stack  backend
		body   string
		want   Outcome
		reason string
		err    error
	}{
		{why: "a new row", stack: backend{status: 200, outcome: "stored", polls: 3}, want: Stored},
		{why: "a row that was there", stack: backend{status: 200, outcome: "present"}, want: Duplicate},
		{why: "an archived message", stack: backend{status: 200, outcome: "archived"}, want: Archived, reason: "r1"},
		{why: "a body without an id", stack: backend{status: 200, outcome: "archived"}, body: "{}", want: Pending},
		{why: "nothing within a minute", stack: backend{status: 200}, want: Pending},
		{why: "an answer of the gates", stack: backend{status: 401}, want: Rejected},
		{why: "no access before", stack: backend{status: 200, outcome: "denied"}, err: errDenied},
		{why: "no access after", stack: backend{status: 200, outcome: "denied later", polls: 1}, err: errDenied, want: Pending},
		{why: "no access to the archive", stack: backend{status: 200, outcome: "no archive"}, err: errDenied, want: Pending},
		{why: "no answer", stack: backend{err: errDenied}, err: errDenied},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSender(t, options(contract.Stripe()))
			text := tt.body
			if text == "" {
				text = body
			}
			r, err := s.Request(t.Context(), []byte(text), Genuine, time.Now())
			require.NoError(t, err)
			tt.stack.stored = r.Event
			got, err := run(t.Context(), Plan{
				URL: url, Client: &tt.stack, Count: 1, Rate: 1, Sender: s, Reader: &tt.stack,
				Next: func(context.Context) (Request, error) { return r, nil },
			})
			assert.ErrorIs(t, err, tt.err, tt.why)
			require.Len(t, got, 1)
			assert.Equal(t, tt.want, got[0].Outcome, tt.why)
			assert.Equal(t, tt.reason, got[0].Reason, tt.why)
		})
	}
}

// run returns what a plan sends until an error.
func run(ctx context.Context, p Plan) (all []Sent, err error) {
	for s, e := range p.Run(ctx) {
		all = append(all, s)
		err = e
	}
	return all, err
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		p := Plan{URL: url, Client: &backend{status: 200}, Count: 11, Rate: 5,
			Next: func(context.Context) (Request, error) { return Request{}, nil }}
		got, err := run(t.Context(), p)
		require.NoError(t, err)
		assert.Len(t, got, 11)
		assert.Equal(t, 2*time.Second, time.Since(started))
	})
}

func TestInterruptEndsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		p := Plan{URL: url, Client: &backend{status: 200}, Count: 1000, Rate: 2,
			Next: func(context.Context) (Request, error) { return Request{}, nil }}
		got, err := run(ctx, p)
		require.NoError(t, err)
		assert.Len(t, got, 2)
	})
}

// slow is a stack that does not say whether it has the event e2.
type slow struct{ backend }

func (s *slow) Event(ctx context.Context, id string) ([]event.Event, error) {
	if id == "e2" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.backend.Event(ctx, id)
}

// An interrupt before a request leaves the answers of those that were sent.
func TestInterruptBeforeARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
		defer cancel()
		s, n := &slow{backend{status: 200}}, 0
		p := Plan{URL: url, Client: s, Reader: s, Count: 1000, Rate: 2, Next: func(context.Context) (Request, error) {
			n++
			return Request{Event: event.Event{ID: fmt.Sprint("e", n)}, Expected: Answer{Status: 200}}, nil
		}}
		got, err := run(ctx, p)
		require.NoError(t, err)
		require.Len(t, got, 1)
		assert.Equal(t, Pending, got[0].Outcome)
	})
}

func TestRunEndsWithAnError(t *testing.T) {
	p := Plan{URL: url, Client: &backend{status: 200}, Count: 3, Rate: 500,
		Next: func(context.Context) (Request, error) { return Request{}, errDenied }}
	got, err := run(t.Context(), p)
	assert.Len(t, got, 1)
	assert.ErrorIs(t, err, errDenied)
	p.Next = func(context.Context) (Request, error) { return Request{}, nil }
	p.URL = "://"
	_, err = run(t.Context(), p)
	assert.ErrorContains(t, err, "missing protocol scheme")
}
