package measured_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/measured"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	_, err := measured.Read(path)
	require.ErrorIs(t, err, os.ErrNotExist)

	r := measured.Results{
		Load:      []measured.Load{{Rate: 1000, Functions: []measured.Function{{Name: "webhook-authorizer", CPU: 0.4}}}},
		ColdStart: &measured.ColdStart{Rounds: 15, Programs: []measured.ColdProgram{{Name: "hello", Init: 2.8}}},
	}
	require.NoError(t, r.Write(path))
	got, err := measured.Read(path)
	require.NoError(t, err)
	assert.Equal(t, r, got)
}

func TestReadRefusesAnotherShape(t *testing.T) {
	for why, text := range map[string]string{
		"no JSON":                      "{",
		"a figure that has gone since": `{"load":[{"rps":1000}]}`,
	} {
		path := filepath.Join(t.TempDir(), "results.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := measured.Read(path)
		assert.ErrorIs(t, err, measured.ErrNotResults, why)
	}
}

// The committed results have the shape that this package reads.
func TestCommittedResults(t *testing.T) {
	r, err := measured.Read(filepath.Join("..", "..", measured.File))
	require.NoError(t, err)
	assert.NotEmpty(t, r.Load)
	assert.NotNil(t, r.ColdStart)
}
