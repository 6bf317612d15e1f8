package providertest

import (
	"crypto/sha256"
	"hash"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
)

// MaxEntries is how many entries a list of a secret may have.
const MaxEntries = 32

// maxHashed is how many bytes a processor hashes in a tenth of its time: it has 9 s
// and 256 MB, which comes with 256/1,769 of a vCPU (Lambda Developer Guide, "Configure
// Lambda function memory"). A Graviton hashes 1.56 GB of a large body a second
// (minio/sha256-simd#66, Neoverse N1).
const maxHashed = 9 * 1_560_000_000 / 10 * 256 / 1769

// counter counts what its hashes read.
type counter struct{ bytes int }

func (c *counter) new() hash.Hash { return &counted{sha256.New(), c} }

type counted struct {
	hash.Hash
	counter *counter
}

func (h *counted) Write(p []byte) (int, error) {
	h.counter.bytes += len(p)
	return h.Hash.Write(p)
}

// RequireEffort requires that a verifier with a full secret rejects the largest body
// within a tenth of the function's time, or as many tenths as each entry has signatures to
// compare with. It counts bytes, because a time depends on the machine. withHash returns
// the verifier with that hash.
func RequireEffort(t *testing.T, signatures int, withHash func(func() hash.Hash) provider.Verifier, forged func(body []byte) provider.Header, now time.Time) {
	t.Helper()
	body := LargeBody("[", "0", "]")
	c := &counter{}
	_, err := withHash(c.new).Verify(t.Context(), forged(body), body, now)
	require.ErrorIs(t, err, provider.SignatureMismatch)
	assert.Less(t, c.bytes, signatures*maxHashed)
	assert.InEpsilon(t, signatures*MaxEntries*len(body), c.bytes, 0.01, "each signature hashes the body once")
}
