// Command bench runs the benchmarks of the hot paths and prints each beside its
// floor, that part of the work which no code could do without.
//
//	go run ./test/bench [-count 5] [-benchtime 200ms] [-bench PATHS]
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
)

// errBenchmarks is a run that did not come to its end.
var errBenchmarks = errors.New("the benchmarks fail, see above")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	count := flag.Int("count", 5, "how often each is run; the fastest counts, since whatever else runs only adds")
	benchtime := flag.String("benchtime", "200ms", "how long each run takes")
	paths := flag.String("bench", "", "the paths to run, as in go test -bench HotPaths/PATHS")
	flag.Parse()
	err := run(ctx, os.Stdout, os.Stderr, "-bench", "HotPaths/"+*paths, "-count", strconv.Itoa(*count), "-benchtime", *benchtime)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run prints what go test prints, as it comes, to progress: benchstat reads it.
// The table goes to stdout.
func run(ctx context.Context, stdout, progress io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-run", "^$", "-benchmem"}, append(args, "./test/workload")...)...)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(progress, &printed), progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: %w", errBenchmarks, err)
	}
	results, err := parse(bufio.NewScanner(&printed))
	if err != nil {
		return err
	}
	return table(stdout, results)
}
