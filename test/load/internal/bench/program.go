package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/fleet"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
)

// program is something that is measured.
type program struct {
	name    string // hello, naive, or a function's in contract
	binary  functions.Binary
	env     []string
	memory  int // MB, the template's
	timeout time.Duration
	// provider is the index of whose webhooks it takes.
	provider int
}

// calls are what a program is called with, and what each answer must contain.
type calls struct {
	payloads [][]byte // all different
	answer   string
}

// webhooks are n of the provider whose webhooks the program takes.
func (b *Bench) webhooks(ctx context.Context, p program, n, size int) ([]traffic.Webhook, error) {
	return b.source.Make(ctx, size, slices.Repeat([]int{p.provider}, n))
}

// processed are webhooks as a processor is called with them, and authorized as
// the authorizer is.
func processed(webhooks []traffic.Webhook) calls {
	c := calls{answer: status}
	for _, w := range webhooks {
		c.payloads = append(c.payloads, w.Processor)
	}
	return c
}

func authorized(webhooks []traffic.Webhook) calls {
	c := calls{answer: allowed}
	for _, w := range webhooks {
		c.payloads = append(c.payloads, w.Authorizer)
	}
	return c
}

// batched are messages as a function is called with batches of that many.
func batched(messages []awsstub.Message, size int) calls {
	c := calls{answer: allTaken}
	for batch := range slices.Chunk(messages, size) {
		c.payloads = append(c.payloads, batchEvent(batch, time.Now()))
	}
	return c
}

// function is one of the template's.
func (b *Bench) function(name, binary string, provider int) (program, error) {
	env, err := b.stack.Variables(name)
	if err != nil {
		return program{}, err
	}
	p := program{name: name, binary: b.Binaries[binary], env: b.world(env, provider), provider: provider}
	p.memory, p.timeout, err = b.stack.Limits(name)
	return p, err
}

// world leads a function to the stub. Only SSL_CERT_FILE says whom to trust:
// AWS_CA_BUNDLE would make the SDK read certificates itself, which it does not
// on Lambda.
func (b *Bench) world(env []string, provider int) []string {
	env = append(env,
		"AWS_ENDPOINT_URL="+b.stub.URL,
		"SSL_CERT_FILE="+filepath.Join(b.dir, rootsFile),
		"SSL_CERT_DIR="+filepath.Join(b.dir, emptyDir),
	)
	if provider >= 0 && contract.Providers()[provider].Name == contract.PayPal().Name {
		env = append(env, "HTTPS_PROXY="+b.hosts.URL) // to the hosts of its certificates
	}
	return env
}

// fleet has no process yet.
func (b *Bench) fleet(p program, extra ...string) (*fleet.Fleet, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := fmt.Sprintf("%s-%d", p.name, len(b.fleets))
	f, err := fleet.New(name, p.binary.Path, slices.Concat(p.env, extra), b.logs)
	if err == nil {
		b.fleets = append(b.fleets, f)
	}
	return f, err
}

// requestPrograms are hello, naive and the processors.
func (b *Bench) requestPrograms() ([]program, error) {
	stripe, err := b.function(contract.ProcessorName(contract.Stripe()), contract.ProcessorBinary, 0)
	if err != nil {
		return nil, err
	}
	// The floor has every variable that the processor has, those for the Go
	// runtime too. The naive one has what it needs.
	hello, naive := stripe, stripe
	hello.name, hello.binary = functions.Hello, b.Binaries[functions.Hello]
	naive.name, naive.binary = functions.Naive, b.Binaries[functions.Naive]
	naive.env = slices.DeleteFunc(slices.Clone(stripe.env), func(variable string) bool {
		return len(variable) > 2 && variable[:2] == "GO"
	})
	programs := []program{hello, naive}
	for i, descriptor := range contract.Providers() {
		p, err := b.function(contract.ProcessorName(descriptor), contract.ProcessorBinary, i)
		if err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	return programs, nil
}
