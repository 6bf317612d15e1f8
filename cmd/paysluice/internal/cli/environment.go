package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// errArch reports an architecture that Lambda does not have.
var errArch = errors.New("must be arm64 or x86_64")

// architecture is an instruction set in the spelling of Lambda and of the
// stack's parameter Architecture.
type architecture string

const (
	arm64 architecture = "arm64"
	amd64 architecture = "x86_64"
)

// UnmarshalText accepts arm64, x86_64 and Go's amd64.
func (a *architecture) UnmarshalText(text []byte) error {
	switch string(text) {
	case "arm64":
		*a = arm64
	case "x86_64", "amd64":
		*a = amd64
	default:
		return errArch
	}
	return nil
}

// MarshalText returns Lambda's spelling and no error.
func (a architecture) MarshalText() ([]byte, error) { return []byte(a), nil }

// variables returns Go's variables for the lowest level of the architecture:
// Lambda does not promise more (go help environment, GOARM64 and GOAMD64).
func (a architecture) variables() []string {
	if a == amd64 {
		return []string{"GOARCH=amd64", "GOAMD64=v1"}
	}
	return []string{"GOARCH=arm64", "GOARM64=v8.0"}
}

// builderSettings names the settings that depend on the builder's network and
// disks: where Go gets modules from and where it keeps caches. They cannot
// change a binary, because go.sum fixes the content of every module.
func builderSettings() []string {
	return []string{
		"GOAUTH", "GOCACHE", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB",
		"GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTMPDIR", "GOVCS",
	}
}

// environment returns the environment of go build: the builder's environment
// without Go's variables, the builder's settings, and fixed values for all
// others.
func environment(ctx context.Context, a architecture) ([]string, error) {
	settings, err := goEnv(ctx, builderSettings())
	if err != nil {
		return nil, err
	}
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GO") && !strings.HasPrefix(variable, "CGO_") {
			env = append(env, variable)
		}
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	env = append(env,
		"GOENV=off",
		"GOWORK=off",
		// The go command on the PATH, which is the running one under go run.
		"GOTOOLCHAIN=local",
		"GOOS=linux",
		"CGO_ENABLED=0",
		// A distribution of Go may have another default.
		"GOFIPS140=off",
	)
	return append(env, a.variables()...), nil
}

// goEnv returns settings of the go command. They may come from its
// configuration file, so the process environment is not enough.
func goEnv(ctx context.Context, names []string) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, names...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errNoGo
	}
	if err != nil {
		return nil, fmt.Errorf("go env: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var settings map[string]string
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("go env did not print JSON: %w", err)
	}
	return settings, nil
}
