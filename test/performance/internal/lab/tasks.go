package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

// BodySize is about that of a webhook with one object in it, in bytes.
const BodySize = 2560

// Tasks returns each function of a revision with n invocations: every processor and the
// authorizer with webhooks, consumer and archiver with what the processors made of
// them, the consumer also with single messages.
func (w *World) Tasks(ctx context.Context, r Revision, n int) ([]Task, error) {
	var tasks []Task
	var messages []string
	var authorize [][]byte
	for i, provider := range w.Source.Providers() {
		t := r.task(provider+"-processor", accepted)
		for _, webhook := range w.Source.Make(BodySize, slices.Repeat([]int{i}, n)) {
			t.Payloads = append(t.Payloads, webhook.Processor)
			authorize = append(authorize, webhook.Authorizer)
		}
		tasks = append(tasks, t)
		made, err := w.messages(ctx, t, n)
		if err != nil {
			return nil, err
		}
		messages = append(messages, made...)
	}
	t := r.task(contract.AuthorizerName, allowed)
	t.Payloads = authorize[:n]
	tasks = append(tasks, t)
	for _, row := range []struct {
		function string
		size     int
	}{{contract.ConsumerName, contract.BatchSize}, {contract.ConsumerName, 1}, {contract.ArchiverName, contract.BatchSize}} {
		t := r.task(row.function, allTaken)
		t.Name = fmt.Sprintf("%s, batch of %d", row.function, row.size)
		for i := range min(n, len(messages)/row.size) {
			t.Payloads = append(t.Payloads, batch(messages[i*row.size:(i+1)*row.size], time.Now()))
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// task returns the task of a function without payloads. A function that the template
// lacks has no binary, so it does not start.
func (r Revision) task(function, want string) Task {
	f := r.Stack.Function(function)
	return Task{Name: function, Function: f, Binary: r.Binaries[f.Binary], Want: want}
}

// messages returns what a processor sends for its first n payloads.
func (w *World) messages(ctx context.Context, t Task, n int) ([]string, error) {
	w.Stub.Reset()
	t.Payloads = t.Payloads[:min(n, len(t.Payloads))]
	if _, err := w.Probe(ctx, t, 0); err != nil {
		return nil, err
	}
	all := w.Stub.Arrived().Messages
	if len(all) != len(t.Payloads) {
		return nil, fmt.Errorf("%w: %s sent %d messages for %d webhooks", ErrWrong, t.Name, len(all), len(t.Payloads))
	}
	return all, nil
}

// ColdStart starts each function of the revision rounds times, in turn, one at a time.
// Every AWS call takes call.
func (w *World) ColdStart(ctx context.Context, r Revision, hello Binary, rounds int, call time.Duration, progress io.Writer) ([]result.Program, error) {
	tasks, err := w.Tasks(ctx, r, 200)
	if err != nil {
		return nil, err
	}
	floor := Task{Name: Hello, Binary: hello, Function: tasks[0].Function, Payloads: tasks[0].Payloads, Want: accepted}
	return w.rounds(ctx, append(tasks, floor, r.task(contract.EmptierName, "")), rounds, call, median, progress)
}

// Compare returns the lowest figures of the functions of two revisions, because other
// programs on the machine only add to them. With profiles, a folder, it profiles each.
func (w *World) Compare(ctx context.Context, base, head Revision, rounds, invocations int, profiles string, progress io.Writer) (all []result.Compared, err error) {
	var tasks [2][]Task
	for i, r := range []Revision{base, head} {
		if tasks[i], err = w.Tasks(ctx, r, invocations); err != nil {
			return nil, err
		}
		for j := range tasks[i] {
			if t := &tasks[i][j]; profiles != "" {
				t.Profile = filepath.Join(profiles, t.Function.Name+[]string{".base", ".head"}[i])
			}
		}
	}
	if len(tasks[0]) != len(tasks[1]) {
		return nil, errors.New("the revisions have other functions")
	}
	var pairs []Task
	for i := range tasks[0] {
		pairs = append(pairs, tasks[0][i], tasks[1][i])
	}
	programs, err := w.rounds(ctx, pairs, rounds, 0, slices.Min, progress)
	for pair := range slices.Chunk(programs, 2) {
		all = append(all, result.Compared{Base: pair[0], Head: pair[1]})
	}
	return all, err
}

// rounds starts a process of each task in each round and sums up those of a task. Every
// second round has the reverse order, so that no revision is always the first.
func (w *World) rounds(ctx context.Context, tasks []Task, rounds int, call time.Duration, of func([]float64) float64, progress io.Writer) (all []result.Program, err error) {
	samples := make([][]result.Program, len(tasks))
	for round := range rounds {
		fmt.Fprintf(progress, "round %d of %d …\n", round+1, rounds)
		for i := range tasks {
			if round%2 == 1 {
				i = len(tasks) - 1 - i
			}
			w.Stub.Reset()
			sample, err := w.Probe(ctx, tasks[i], call)
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], sample)
		}
	}
	for _, s := range samples {
		all = append(all, summary(s, of))
	}
	return all, nil
}
