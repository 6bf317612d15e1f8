package zips

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

// kept names the settings that the builder's network and disks may need: where
// modules come from and where things are cached. None can change a binary,
// since go.sum fixes the content of every module.
func kept() []string {
	return []string{
		"GOAUTH", "GOCACHE", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB",
		"GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTMPDIR", "GOVCS",
	}
}

// environment is what go build runs in: the builder's own environment without
// anything that is Go's, the kept settings as the builder's go reports them
// (they may stand in its configuration file), and everything else fixed.
func environment(ctx context.Context, a Arch) ([]string, error) {
	settings, err := goEnv(ctx, kept())
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
		// The go on the PATH, which under go run is the one that runs this
		// program, and no other.
		"GOTOOLCHAIN=local",
		"GOOS=linux",
		"CGO_ENABLED=0",
		// A distribution of Go may have been built with another default.
		"GOFIPS140=off",
	)
	return append(env, a.environment()...), nil
}

// goEnv asks the builder's go for settings.
func goEnv(ctx context.Context, names []string) (map[string]string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, names...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, ErrNoGo
	}
	if err != nil {
		return nil, fmt.Errorf("go env: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	var settings map[string]string
	if err := json.Unmarshal(out, &settings); err != nil {
		return nil, fmt.Errorf("go env did not answer in JSON: %w", err)
	}
	return settings, nil
}
