package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/fixture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// ErrNoTestStack reports that a stack can store live events.
var ErrNoTestStack = errors.New("this stack is not for tests")

// Body says which body is made.
type Body struct {
	Provider contract.Provider
	Type     string
	Seed     uint64 // repeats ids and amounts
	// Set has path=value changes and Unset paths that are removed.
	Set, Unset []string
}

// Make returns the body, with the mode of the entry that signs. It returns the
// error of fixture.Check or fixture.Change.
func (b Body) Make(live bool, now time.Time) ([]byte, error) {
	catalog, err := fixture.Load(b.Provider.Name)
	if err != nil {
		return nil, err
	}
	body, err := catalog.Body(b.Type, b.Seed, now)
	if err == nil && live && b.Provider.Name == contract.Stripe().Name {
		body, err = fixture.Change(body, catalog.Indent, []string{"livemode=true"}, nil)
	}
	if err == nil && len(b.Set)+len(b.Unset) > 0 {
		body, err = fixture.Change(body, catalog.Indent, b.Set, b.Unset)
	}
	return body, err
}

// To returns a plan that sends a provider's webhooks to a stack. The entry of its
// secret with a label signs, or the first. Without a secret, the stack's own is read.
func To(ctx context.Context, s *stack.Stack, p contract.Provider, label string, secret []byte) (Plan, error) {
	if secret == nil {
		var err error
		if secret, err = secrets.Open(s, p).Text(ctx); err != nil {
			return Plan{}, err
		}
	}
	sender, err := New(Options{Provider: p, Label: label, URL: s.Outputs[p.Title+"Url"], PayPal: s.AWS.PayPal, Secret: secret})
	if err != nil {
		return Plan{}, err
	}
	url, err := s.WebhookURL(p)
	return Plan{URL: url, Client: s.AWS.Config.HTTPClient, Count: 1, Rate: 1, Sender: sender}, err
}

// sandbox is the environment of a secret's entries for test events (docs/secrets.md).
const sandbox = "sandbox"

// CheckTestStack returns ErrNoTestStack if an entry of a secret is not for test events
// alone. The stack of an emulator is always for tests.
func CheckTestStack(ctx context.Context, s *stack.Stack) error {
	if s.AWS.Endpoint != "" {
		return nil
	}
	for _, p := range contract.Providers() {
		if !secrets.Exists(s, p) {
			continue
		}
		document, err := secrets.Open(s, p).Text(ctx)
		if err != nil {
			return err
		}
		for _, e := range secrets.Outline(p, document) {
			if e.Environment != sandbox {
				return fmt.Errorf("%w: the entry %q of %s's secret has not the environment %s", ErrNoTestStack, e.Label, p.Title, sandbox)
			}
		}
	}
	return nil
}
