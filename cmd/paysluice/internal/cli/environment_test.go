package cli

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEnvironmentIsFixed(t *testing.T) {
	t.Setenv("GOFLAGS", "-race")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("GOWORK", "/elsewhere/go.work")
	t.Setenv("GODEBUG", "http2client=0")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("HTTPS_PROXY", "http://proxy.example:3128")
	file := filepath.Join(t.TempDir(), "env")
	write(t, file, "GOPROXY=https://modules.example\nGOFIPS140=latest\nGOEXPERIMENT=nodwarf5\n")
	t.Setenv("GOENV", file)
	t.Setenv("GOPROXY", "")

	env, err := environment(t.Context(), amd64)
	require.NoError(t, err)

	for _, want := range []struct{ why, variable string }{
		{"the network is the builder's", "HTTPS_PROXY=http://proxy.example:3128"},
		{"so is the source of modules, even from the configuration file", "GOPROXY=https://modules.example"},
		{"nothing else in that file is used", "GOENV=off"},
		{"a workspace could name other modules", "GOWORK=off"},
		{"", "GOOS=linux"},
		{"", "GOARCH=amd64"},
		{"the lowest level", "GOAMD64=v1"},
		{"one program, no C library", "CGO_ENABLED=0"},
		{"", "GOFIPS140=off"},
	} {
		assert.Contains(t, env, want.variable, want.why)
	}
	for _, variable := range env {
		assert.NotRegexp(t, `^(GOFLAGS|GODEBUG|GOEXPERIMENT)=|=v3$|^CGO_ENABLED=1`, variable)
	}
}

func TestArchitectureAcceptsBothSpellings(t *testing.T) {
	for _, test := range []struct {
		text string
		want architecture
		is   error
	}{
		{"arm64", arm64, nil},
		{"x86_64", amd64, nil}, // the stack's parameter
		{"amd64", amd64, nil},  // Go's spelling
		{"arm", "", errArch},
		{"", "", errArch},
	} {
		var a architecture
		assert.ErrorIs(t, a.UnmarshalText([]byte(test.text)), test.is, test.text)
		assert.Equal(t, test.want, a, test.text)
		text, err := a.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, string(test.want), string(text))
	}
}
