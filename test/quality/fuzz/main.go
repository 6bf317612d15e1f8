// Command fuzz runs every fuzz target of the repository, one after the other,
// for a while each.
//
//	go run ./test/quality/fuzz -time 10m
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// target is a fuzz function of a package.
type target struct{ folder, name string }

func main() {
	each := flag.Duration("time", 10*time.Minute, "how long each target is fuzzed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *each)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, each time.Duration) error {
	targets, err := find(".")
	if err != nil {
		return err
	}
	for _, t := range targets {
		fmt.Printf("fuzz %s %s\n", t.folder, t.name)
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$",
			"-fuzztime", each.String(),
			// By default an interesting input may be minimised for a minute,
			// which is all the time that a short run has.
			"-fuzzminimizetime", "10x", "./"+t.folder)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		if out, err := cmd.CombinedOutput(); err != nil && !timeWasUp(out) {
			return fmt.Errorf("%s in %s: %w\n%s", t.name, t.folder, err, out)
		}
	}
	fmt.Printf("%d targets, %s each, nothing found\n", len(targets), each)
	return nil
}

// timeUp is all that a run says when the end of its time was taken for a
// failure of the target (golang/go#75804, mended in Go 1.27). A finding names
// the input that it wrote, and a target that hangs is reported in other words.
var timeUp = regexp.MustCompile(`(?m)^--- FAIL: Fuzz\w+ \([0-9.]+s\)\n    context deadline exceeded\nFAIL$`)

func timeWasUp(out []byte) bool {
	return timeUp.Match(out) && !bytes.Contains(out, []byte("Failing input"))
}

// find lists the fuzz functions of all packages below root.
func find(root string) ([]target, error) {
	function := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	var targets []target
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range function.FindAllSubmatch(source, -1) {
			targets = append(targets, target{filepath.Dir(path), string(match[1])})
		}
		return err
	})
	return targets, err
}
