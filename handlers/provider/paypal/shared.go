package paypal

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// maxUnlisted is how many unknown certificates of one environment a stack fetches
// in a minute. Anybody can send made-up URLs. A steady flood of them keeps out a
// genuine certificate that the stack has never fetched, unless the secret lists it.
const maxUnlisted = 10

// A Store keeps small objects for all instances of a stack. No object is replaced.
type Store interface {
	// Get returns the object under a key, or nil if there is none or it cannot be
	// read.
	Get(ctx context.Context, key string) []byte
	// Create reports whether it stored a new object. Of concurrent calls with one
	// key, one returns true.
	Create(ctx context.Context, key string, data []byte) bool
}

// alone is the Store of a process that shares nothing.
type alone struct{}

func (alone) Get(context.Context, string) []byte { return nil }

func (alone) Create(context.Context, string, []byte) bool { return true }

// shared keeps verified certificates, and permits to fetch unknown ones, for all instances
// of a stack. So PayPal's certificate is fetched once for the stack, and strangers cause no
// more fetches when Lambda starts more instances.
type shared struct {
	store Store

	mu      sync.Mutex
	permits map[string]*permits // by environment name
}

// permits counts the permits of one minute that this instance has seen taken.
type permits struct {
	minute string
	taken  int
}

func newShared(store Store) *shared {
	if store == nil {
		store = alone{}
	}
	s := &shared{store: store, permits: map[string]*permits{}}
	for _, e := range environments() {
		s.permits[e.name] = &permits{}
	}
	return s
}

// certificate returns the certificates that were kept for a URL, or nil.
func (s *shared) certificate(ctx context.Context, url string) []byte {
	return s.store.Get(ctx, certificateKey(url))
}

// keep stores verified certificates, leaf first. PayPal gives every certificate a URL
// of its own, so that the first one under a URL stays right until it expires.
func (s *shared) keep(ctx context.Context, url string, served []*x509.Certificate) {
	var der []byte
	for _, c := range served {
		der = append(der, c.Raw...)
	}
	s.store.Create(ctx, certificateKey(url), der)
}

func certificateKey(url string) string {
	sum := sha256.Sum256([]byte(url))
	return contract.CertificatePrefix + hex.EncodeToString(sum[:])
}

// mayFetch takes one of the stack's permits for the minute of now. It reports false
// when all are taken or the store does not answer. An instance asks for each permit
// once, so a flood costs it at most maxUnlisted calls a minute.
func (s *shared) mayFetch(ctx context.Context, e environment, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.permits[e.name]
	if minute := now.UTC().Format("2006-01-02T15:04"); p.minute != minute {
		*p = permits{minute: minute}
	}
	for p.taken < maxUnlisted && ctx.Err() == nil {
		p.taken++
		if s.store.Create(ctx, fmt.Sprintf("%s%s/%s/%d", contract.FetchPrefix, p.minute, e.name, p.taken), nil) {
			return true
		}
	}
	return false
}
