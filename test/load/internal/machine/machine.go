// Package machine describes the machine that something was measured on.
package machine

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/measured"
)

// This is the machine that this program runs on, on that day, with the functions
// of that version.
func This(ctx context.Context, now time.Time, codeVersion string) (measured.Machine, error) {
	goVersion, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return measured.Machine{}, err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return measured.Machine{}, err
	}
	cpu, err := entry("/proc/cpuinfo", "model name")
	if err != nil {
		return measured.Machine{}, err
	}
	memory, err := entry("/proc/meminfo", "MemTotal")
	if err != nil {
		return measured.Machine{}, err
	}
	kB, _ := strconv.Atoi(strings.TrimSuffix(memory, " kB"))
	return measured.Machine{
		CPU:         cpu,
		Cores:       runtime.NumCPU(),
		MemoryGB:    (kB + 1<<19) >> 20,
		Kernel:      string(bytes.TrimSpace(kernel)),
		Go:          string(bytes.TrimSpace(goVersion)),
		Date:        now.UTC().Format(time.DateOnly),
		CodeVersion: codeVersion,
	}, nil
}

// entry is the first value of that name in a file of /proc, "" if there is
// none: some architectures name no model.
func entry(path, name string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", lines.Err()
}
