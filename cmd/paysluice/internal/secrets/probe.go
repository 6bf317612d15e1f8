package secrets

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// TestType is the type of the events that a Probe sends. It is in no provider's
// vocabulary, so its category is other.
const TestType = "paysluice.test"

const (
	// probeFor is how long a refused webhook is sent again. A processor reads the
	// secret again after a mismatch, at most every ten seconds.
	probeFor   = 15 * time.Second
	probeEvery = 3 * time.Second
)

// HTTPClient sends requests.
type HTTPClient interface {
	Do(*http.Request) (*http.Response, error)
}

// Probe sends signed webhooks to a stack.
type Probe struct {
	Client    HTTPClient
	URL       string // of the stack's API
	SignedURL string // that Square has, unless the entry names another
	Now       func() time.Time
	Sleep     func(context.Context, time.Duration) error
}

// Send sends a webhook that is signed with an entry, until it is accepted or
// probeFor is over. It returns the status of the last answer, and the id of the
// event that it has stored.
func (b Probe) Send(ctx context.Context, p contract.Provider, e Entry) (status int, eventID string, err error) {
	for start := b.Now(); ; {
		status, eventID, err = b.try(ctx, p, e)
		if err != nil || status != http.StatusUnauthorized || b.Now().Sub(start) >= probeFor {
			return status, eventID, err
		}
		if err := b.Sleep(ctx, probeEvery); err != nil {
			return status, "", err
		}
	}
}

func (b Probe) try(ctx context.Context, p contract.Provider, e Entry) (status int, eventID string, err error) {
	body, url := b.webhook(p, e)
	signer, err := all.Signer(p.Name, e.Key, url)
	if err != nil {
		return 0, "", err
	}
	headers, _ := signer.Sign(body, b.Now()) // an HMAC cannot fail
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := b.Client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	var answer struct{ EventID string }
	_ = json.Unmarshal(text, &answer) // a refusal has none
	return response.StatusCode, answer.EventID, err
}

// webhook returns the body of a test event and the URL that Square signs.
func (b Probe) webhook(p contract.Provider, e Entry) (body []byte, url string) {
	id, at := rand.Text(), b.Now().UTC()
	if p.Name == contract.Square().Name {
		return fmt.Appendf(nil, `{"event_id":"paysluice-test-%s","type":%q,"created_at":%q,"merchant_id":"paysluice-test","data":{}}`,
			id, TestType, at.Format(time.RFC3339)), cmp.Or(e.NotificationURL, b.SignedURL)
	}
	return fmt.Appendf(nil, `{"id":"evt_paysluice_test_%s","object":"event","type":%q,"created":%d,"livemode":%t,"data":{"object":{}}}`,
		id, TestType, at.Unix(), e.Environment == "live"), ""
}
