package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// errUnexpected: the stack did something else than it should.
var errUnexpected = errors.New("not as it should be")

// demo deploys the stack, sends it webhooks of all providers, shows what became
// of each, and stops it.
func (l local) demo(ctx context.Context, port int) (err error) {
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	defer hosts.Close()
	e, err := l.start(ctx, emulator.Options{Port: port, Proxy: hosts.URL, Roots: authority.Root.PEM()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	stack, err := l.deploy(ctx, e, "demo")
	if err != nil {
		return err
	}
	var all []account
	err = step(l.out, "putting signing secrets", func() error {
		all, err = openAccounts(ctx, stack,
			senders.Stripe(), senders.PayPal(authority, hosts), senders.Square(stack.Outputs["SquareUrl"]))
		return err
	})
	if err != nil {
		return err
	}
	return l.show(ctx, stack, all)
}

// account is a provider that is played, with the secret that the stack shares
// with it.
type account struct {
	senders.Sender
	secret string
}

// openAccounts puts a new secret into the stack for each sender.
func openAccounts(ctx context.Context, stack *emulator.Stack, all ...senders.Sender) ([]account, error) {
	var accounts []account
	for _, s := range all {
		a := account{s, s.NewSecret()}
		if err := stack.PutSecret(ctx, s.Provider, s.Document(a.secret)); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// attempt is one request and what should become of it.
type attempt struct {
	name, what string
	header     http.Header
	body       []byte
	status     int
	outcome    string // in words
	// function is the one that decides, and then writes a log line with the
	// member logged: value. "" when no function need be reached.
	function, logged string
	value            any
}

// attempts are what is sent for an event of that id.
func (a account) attempts(id string, now time.Time) []attempt {
	body := a.Body(id, 4999, senders.Created)
	again, other := a.Redelivered(body), a.Body(a.NewID(), 4999, senders.Created)
	unsigned := a.Header(other, a.secret, now)
	unsigned.Del(a.SignatureHeader)
	processor := contract.ProcessorName(a.Provider)
	all := []attempt{{
		name: "accepted", what: "a payment that has succeeded",
		header: a.Header(body, a.secret, now), body: body,
		status: http.StatusOK, outcome: "stored",
		function: contract.ConsumerName, logged: contract.MetricStored, value: 1,
	}, {
		name: "duplicate", what: "the same event, delivered again",
		header: a.Header(again, a.secret, now.Add(time.Second)), body: again,
		status: http.StatusOK, outcome: "recognised, not stored again",
		function: contract.ConsumerName, logged: contract.MetricDuplicates, value: 1,
	}, {
		name: "forged", what: "signed with another secret",
		header: a.Header(other, a.NewSecret(), now), body: other,
		status: http.StatusUnauthorized, outcome: "refused by the processor, which checks the signature",
		function: processor, logged: "reason", value: provider.SignatureMismatch,
	}, {
		name: "unsigned", what: "without the signature's header",
		header: unsigned, body: other,
		status: http.StatusUnauthorized, outcome: "refused, there is nothing to check",
	}}
	if a.Stale > 0 { // Square signs no time
		all = append(all, attempt{
			name: "stale", what: "signed " + age(a.Stale) + " ago",
			header: a.Header(other, a.secret, now.Add(-a.Stale)), body: other,
			status: http.StatusUnauthorized, outcome: "refused by the authorizer, which checks headers",
			function: contract.AuthorizerName, logged: "reason", value: provider.TimestampStale,
		})
	}
	return all
}

func age(d time.Duration) string {
	if d >= 24*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// try sends a request and waits until the outcome can be seen.
func try(ctx context.Context, stack *emulator.Stack, p contract.Provider, a attempt) error {
	status, answer, err := stack.Post(ctx, p, a.header, a.body)
	if err != nil {
		return err
	}
	if status != a.status {
		return fmt.Errorf("%w: expected the answer %d, got %d: %s", errUnexpected, a.status, status, answer)
	}
	if a.function == "" {
		return nil
	}
	return emulator.Await(ctx, func(ctx context.Context) error {
		lines, err := stack.Logs(ctx, a.function)
		if err == nil && !emulator.Logged(ofProvider(lines, p), a.logged, a.value) {
			err = fmt.Errorf("%w: expected %s to log %s: %v, got:\n%s",
				errUnexpected, a.function, a.logged, a.value, strings.Join(lines, "\n"))
		}
		return err
	})
}

// ofProvider are the lines of a shared function's log about one provider.
func ofProvider(lines []string, p contract.Provider) []string {
	var own []string
	for _, line := range lines {
		if strings.Contains(line, `"`+p.Name+`"`) {
			own = append(own, line)
		}
	}
	return own
}
