// Package traffic makes the webhooks of a load run: all signed before it
// begins, each another event.
package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/gateway"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/load/internal/functions"
)

// BodySize is about that of a webhook with one object in it, in bytes. In
// base64 and with its headers it is a proxy event of 5 to 6 KB.
const BodySize = 2500

// MaxAge is how long after Make its webhooks can be sent: Stripe's are stale
// after five minutes.
const MaxAge = 4*time.Minute + 30*time.Second

// ErrProvider is a provider that nobody plays.
var ErrProvider = errors.New("no such provider")

// Webhook is one, as both functions are invoked with it.
type Webhook struct {
	// Provider is the index in contract.Providers.
	Provider int
	// Authorizer and Processor are the events of the two.
	Authorizer, Processor []byte
	// EventID is the event's in the processor's answer.
	EventID string
}

// Source plays the providers.
type Source struct {
	senders []senders.Sender // as contract.Providers
	keys    []string
}

// New plays all providers; hosts serve PayPal's certificates.
func New(authority *paypaltest.Authority, hosts *paypaltest.Hosts) (*Source, error) {
	played := map[string]senders.Sender{}
	for _, s := range []senders.Sender{
		senders.Stripe(), senders.PayPal(authority, hosts), senders.Square(functions.EndpointURL(contract.Square())),
	} {
		played[s.Provider.Name] = s
	}
	source := &Source{}
	for _, p := range contract.Providers() {
		s, ok := played[p.Name]
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrProvider, p.Name)
		}
		source.senders = append(source.senders, s)
		source.keys = append(source.keys, s.NewSecret())
	}
	return source, nil
}

// Secrets are the providers' secret documents, by ARN.
func (s *Source) Secrets() (map[string]string, error) {
	secrets := map[string]string{}
	for i, sender := range s.senders {
		text, err := json.Marshal(sender.Document(s.keys[i]))
		if err != nil {
			return nil, err
		}
		secrets[functions.SecretARN(sender.Provider)] = string(text)
	}
	return secrets, nil
}

// Make makes a webhook of each of the providers, indexes in contract.Providers,
// with bodies of about size bytes.
func (s *Source) Make(ctx context.Context, size int, providers []int) ([]Webhook, error) {
	webhooks := make([]Webhook, len(providers))
	now := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for worker := range errs {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(providers) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				w, err := s.one(providers[i], i, size, now)
				if err != nil {
					errs[worker] = err
					return
				}
				webhooks[i] = w
			}
		})
	}
	wg.Wait()
	return webhooks, errors.Join(append(errs, context.Cause(ctx))...)
}

func (s *Source) one(provider, i, size int, now time.Time) (Webhook, error) {
	sender := s.senders[provider]
	id := sender.NewID()
	body := pad(sender.Body(id, 100+i%100_000, senders.Created+int64(i)*1000), size)
	arrived := gateway.Webhook{
		Account: functions.Account, API: functions.API, Path: "/" + sender.Provider.Path, RequestID: requestID(id), At: now,
		Header: sender.Header(body, s.keys[provider], now),
	}
	authorizer, err := json.Marshal(arrived.AuthorizerEvent())
	if err != nil {
		return Webhook{}, err
	}
	processor, err := json.Marshal(arrived.ProxyEvent(body))
	return Webhook{Provider: provider, Authorizer: authorizer, Processor: processor, EventID: sender.EventID(id)}, err
}

// requestID looks like API Gateway's.
func requestID(id string) string {
	return fmt.Sprintf("%.8s-6c4b-4d1f-9d2e-%.12x", id+"00000000", id)
}
