package workload_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/workload"
)

// TestWorkloads runs everything that is measured, under a name of its own.
func TestWorkloads(t *testing.T) {
	all, err := workload.All(root)
	require.NoError(t, err)
	latency, err := workload.Latency(root, 0)
	require.NoError(t, err)
	ctx, cancel := workload.Invocation(t.Context())
	defer cancel()

	names := map[string]bool{}
	for _, w := range append(all, latency) {
		assert.NoError(t, w.Work(ctx), w.Name)
		if w.Floor != nil {
			assert.NoError(t, w.Floor(ctx), w.Name)
		}
		assert.False(t, names[w.Name], w.Name)
		names[w.Name] = true
	}
	for _, p := range contract.Providers() {
		for _, path := range []string{"verify/", "event/", "processor/", "function/processor/", "authorizer/", "function/authorizer/"} {
			assert.True(t, names[path+p.Name], path+p.Name)
		}
	}
}

// TestWorkThatFailsIsNotMeasured holds that a refusal, which is quick, is an
// error: batches do not begin a record when their time is up.
func TestWorkThatFailsIsNotMeasured(t *testing.T) {
	all, err := workload.All(root)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var refused []string
	for _, w := range all {
		if errors.Is(w.Work(ctx), workload.ErrOutcome) {
			refused = append(refused, w.Name)
		}
	}
	assert.Subset(t, refused, []string{"consumer/10", "function/consumer/10", "archiver/10"})
}

func TestFixturesAreNeeded(t *testing.T) {
	_, err := workload.All(t.TempDir())
	assert.Error(t, err)
	_, err = workload.Latency(t.TempDir(), 0)
	assert.Error(t, err)
}
