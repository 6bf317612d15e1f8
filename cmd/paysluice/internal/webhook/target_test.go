package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/fixture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

// without takes the place of the document of a provider that the stack does not have.
const without = "without"

// deployed returns a stack on AWS with the documents of its secrets, by the provider's
// title. Other secrets were never filled.
func deployed(t *testing.T, documents map[string]string) *stack.Stack {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ SecretId string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch document, filled := documents[in.SecretId]; {
		case document == "denied":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"AccessDeniedException"}`))
		case filled:
			_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": document})
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"ResourceNotFoundException"}`))
		}
	}))
	t.Cleanup(server.Close)
	s := &stack.Stack{Outputs: map[string]string{"StripeUrl": "https://abc.execute-api.us-east-1.amazonaws.com/live/stripe"}, AWS: stack.AWS{Config: aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}}}
	for _, p := range contract.Providers() {
		if documents[p.Title] != without {
			s.Outputs[p.Title+"SecretArn"] = p.Title
		}
	}
	return s
}

func TestTestStacks(t *testing.T) {
	const stripe, square = `{"endpoints":[{"label":"a","secret":"x","environment":"sandbox"}]}`, `{"subscriptions":[{"label":"b","signatureKey":"x","environment":"%s"}]}`
	for _, row := range []struct {
		why       string
		documents map[string]string
		want      string
	}{
		{"only sandboxes", map[string]string{"Stripe": stripe}, ""},
		{"a stack without one provider", map[string]string{"Stripe": stripe, "PayPal": without}, ""},
		{"no secret verifies anything", map[string]string{"PayPal": "{"}, ""},
		{"one live entry", map[string]string{"Stripe": stripe, "Square": `{"subscriptions":[{"label":"b","environment":"live"}]}`}, `the entry "b" of Square's secret`},
		{"an entry that says nothing", map[string]string{"Stripe": `{"endpoints":[{"label":"c","secret":"x"}]}`}, `the entry "c" of Stripe's secret`},
		{"a secret that cannot be read", map[string]string{"Stripe": "denied"}, "AccessDenied"},
	} {
		s := deployed(t, row.documents)
		err := CheckTestStack(t.Context(), s)
		if row.want == "" {
			assert.NoError(t, err, row.why)
			continue
		}
		assert.ErrorContains(t, err, row.want, row.why)
		if row.want != "AccessDenied" {
			assert.ErrorIs(t, err, ErrNoTestStack)
		}
		s.AWS.Endpoint = "https://127.0.0.1:1"
		assert.NoError(t, CheckTestStack(t.Context(), s), "an emulator's is for tests, whatever its secrets say")
	}
}

func TestTargets(t *testing.T) {
	s := deployed(t, map[string]string{"Stripe": "whsec_1", "Square": "denied"})
	plan, err := To(t.Context(), s, contract.Stripe(), "", nil)
	require.NoError(t, err)
	assert.Equal(t, s.Outputs["StripeUrl"], plan.URL)
	_, err = To(t.Context(), s, contract.Square(), "", nil)
	assert.ErrorContains(t, err, "AccessDenied")
	_, err = To(t.Context(), s, contract.Square(), "", []byte(""))
	assert.ErrorIs(t, err, provider.SecretEmpty, "a given secret replaces the stack's, even an empty one")
}

func TestBodies(t *testing.T) {
	now := time.Now()
	body, err := Body{Provider: contract.Stripe(), Type: "charge.refunded", Seed: 1, Set: []string{"data.object.amount=7"}, Unset: []string{"api_version"}}.Make(true, now)
	require.NoError(t, err)
	assert.Contains(t, string(body), `"livemode": true`, "the mode of the entry that signs")
	assert.Contains(t, string(body), `"amount": 7`)
	assert.NotContains(t, string(body), "api_version")
	body, err = Body{Provider: contract.Square(), Type: "refund.updated"}.Make(true, now)
	require.NoError(t, err)
	assert.NotContains(t, string(body), "livemode")
	_, err = Body{Provider: contract.Stripe(), Type: "x"}.Make(false, now)
	assert.ErrorIs(t, err, fixture.ErrUnknownType)
	_, err = Body{Provider: contract.Provider{Name: "adyen"}}.Make(false, now)
	assert.ErrorContains(t, err, "adyen")
}

// A caller that looks itself sees the outcome as soon as it is there, and only then.
func TestLook(t *testing.T) {
	b := &backend{status: 200, outcome: "stored", polls: 2}
	p := Plan{URL: url, Client: b, Reader: b, Sender: newSender(t, options(contract.Stripe()))}
	r, err := p.Sender.Request(t.Context(), []byte(body), Genuine, time.Now())
	require.NoError(t, err)
	b.stored = r.Event
	d, err := p.Deliver(t.Context(), r)
	require.NoError(t, err)
	for _, want := range []Outcome{Pending, Stored, Stored} {
		require.NoError(t, p.Look(t.Context(), &d))
		assert.Equal(t, want, d.Outcome)
	}
}
