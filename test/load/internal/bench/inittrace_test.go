package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/measured"
)

func TestPackageInits(t *testing.T) {
	text := `init internal/bytealg @0.005 ms, 0 ms clock, 0 bytes 0 allocs
init runtime @0.051 ms, 0.042 ms clock, 0 bytes 0 allocs
{"level":"INFO","message":"init of a handler"}
init net/http @1.2 ms, 0.31 ms clock, 55552 bytes 110 allocs
`
	assert.Equal(t, []measured.PackageInit{
		{Package: "internal/bytealg"},
		{Package: "runtime", Time: 0.042},
		{Package: "net/http", Time: 0.31, Bytes: 55552},
	}, packageInits([]byte(text)))
}

// Steps are in the order in which they happen, and the second connection is not
// taken for the first.
func TestSteps(t *testing.T) {
	spawned := time.Now()
	after := func(n int) time.Time { return spawned.Add(time.Duration(n) * time.Millisecond) }
	run := coldRun{
		spawned: spawned, init: 4 * time.Millisecond, answer: 20 * time.Millisecond,
		events: []awsstub.Event{
			{At: after(5), What: awsstub.EventConnected},
			{At: after(6), What: awsstub.EventSecured},
			{At: after(7), What: awsstub.GetSecretValue, Answered: after(12)},
			{At: after(13), What: awsstub.EventConnected},
		},
	}
	want := []measured.Step{
		{What: "asks for an invocation", At: 4},
		{What: "connected", At: 5},
		{What: "TLS handshake", At: 6},
		{What: "secretsmanager.GetSecretValue", At: 7},
		{What: "secretsmanager.GetSecretValue answered", At: 12},
		{What: "connected, 2", At: 13},
		{What: "answers it", At: 20},
	}
	assert.Equal(t, want, steps([]coldRun{run, run, run}))

	other := run
	other.events = run.events[:3]
	assert.Equal(t, append(want[:5:5], want[6]), steps([]coldRun{run, other}), "only what happened in every run")
}
