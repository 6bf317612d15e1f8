package profile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/measured"
)

func TestStagesOf(t *testing.T) {
	all, handler := stagesOf("square", false), stagesOf("square", true)
	assert.Len(t, all, len(stages()))
	assert.Less(t, len(handler), len(all), "a handler alone has no Runtime API and no network")
	var functions []string
	for _, s := range handler {
		functions = append(functions, s.through...)
	}
	assert.Contains(t, functions, "github.com/paysluice/paysluice/handlers/provider/square.Provider.Event")
}

func TestStageShares(t *testing.T) {
	all := []sample{ // of 10 s
		{time.Second, []string{"json.Unmarshal", "invoke", "main"}},
		{2 * time.Second, []string{"hmac.Equal", "verify", "handle", "invoke", "main"}},
		{4 * time.Second, []string{"sha256", "sdk/signer.Sign", "sdk/sqs.SendMessage"}}, // the stack was cut off
		{3 * time.Second, []string{"sdks.Other"}},
	}
	handler := []string{"handle", "sdk/..."}
	assert.Equal(t, []measured.Share{
		{Name: "JSON", Part: 0.1},
		{Name: "handler", Part: 0.6},
		{Name: Part + "signature", Part: 0.2},
		{Name: Part + "send", Part: 0.4},
		{Name: "not a sample", Part: 0},
	}, stageShares(all, []stage{
		{name: "JSON", through: []string{"invoke"}, but: handler},
		{name: "handler", through: handler},
		{name: Part + "signature", through: []string{"verify"}},
		{name: Part + "send", through: []string{"sdk/..."}},
		{name: "not a sample", through: []string{"rare"}},
	}))
}

func TestCheck(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(program, []byte("\x7fELF\x00main.handle\x00main.verifyAll\x00"), 0o600))
	for _, row := range []struct {
		why   string
		stage stage
		is    error
	}{
		{"it is there", stage{through: []string{"main.handle"}}, nil},
		{"it has another name now", stage{through: []string{"main.handle", "main.verify"}}, ErrNoFunction},
		{"so has what is left out", stage{through: []string{"main.handle"}, but: []string{"main.verify"}}, ErrNoFunction},
		{"some begin like that", stage{through: []string{"main.verify..."}}, nil},
		{"none begin like that", stage{through: []string{"main.send..."}}, ErrNoFunction},
	} {
		assert.ErrorIs(t, check(program, []stage{row.stage}), row.is, row.why)
	}
}
