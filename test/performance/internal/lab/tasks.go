package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
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
		webhooks, err := w.Source.Make(BodySize, slices.Repeat([]int{i}, n))
		if err != nil {
			return nil, err
		}
		t, err := r.task(provider+"-processor", accepted)
		if err != nil {
			return nil, err
		}
		for _, webhook := range webhooks {
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
	t, err := r.task(contract.AuthorizerName, allowed)
	if err != nil {
		return nil, err
	}
	t.Payloads = authorize[:n]
	tasks = append(tasks, t)
	for _, row := range []struct {
		function string
		size     int
	}{{contract.ConsumerName, contract.BatchSize}, {contract.ConsumerName, 1}, {contract.ArchiverName, contract.BatchSize}} {
		t, err := r.task(row.function, allTaken)
		if err != nil {
			return nil, err
		}
		t.Name = fmt.Sprintf("%s, batch of %d", row.function, row.size)
		for i := range min(n, len(messages)/row.size) {
			payload, err := batch(messages[i*row.size:(i+1)*row.size], time.Now())
			if err != nil {
				return nil, err
			}
			t.Payloads = append(t.Payloads, payload)
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

func (r Revision) task(function, want string) (Task, error) {
	f, err := r.Stack.Function(function)
	return Task{Name: function, Function: f, Binary: r.Binaries[f.Binary], Want: want}, err
}

// messages returns what a processor sends for its first n payloads.
func (w *World) messages(ctx context.Context, t Task, n int) ([]string, error) {
	var mu sync.Mutex
	var all []string
	w.Stub.Reset(awsstub.Observer{Message: func(_, body string) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, body)
	}})
	defer w.Stub.Reset(awsstub.Observer{})
	t.Payloads = t.Payloads[:min(n, len(t.Payloads))]
	if _, err := w.Probe(ctx, t, 0); err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
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
	tasks = append(tasks, Task{
		Name: Hello, Binary: hello, Function: tasks[0].Function, Payloads: tasks[0].Payloads, Want: accepted,
	})
	emptier, err := r.task(contract.EmptierName, "")
	if err != nil {
		return nil, err
	}
	samples, err := w.rounds(ctx, [][]Task{append(tasks, emptier)}, rounds, call, median, progress)
	if err != nil {
		return nil, err
	}
	var programs []result.Program
	for _, s := range samples {
		programs = append(programs, s[0])
	}
	return programs, nil
}

// Compare returns the lowest figures of the functions of two revisions, because other
// programs on the machine only add to them. With profiles, a folder, it profiles each.
func (w *World) Compare(ctx context.Context, base, head Revision, rounds, invocations int, profiles string, progress io.Writer) ([]result.Compared, error) {
	tasks := make([][]Task, 2)
	for i, r := range []Revision{base, head} {
		var err error
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
	samples, err := w.rounds(ctx, tasks, rounds, 0, slices.Min, progress)
	if err != nil {
		return nil, err
	}
	var all []result.Compared
	for _, s := range samples {
		all = append(all, result.Compared{Base: s[0], Head: s[1]})
	}
	return all, nil
}

// rounds sums up the processes of each task, one value for each revision. In each
// round a process of each revision is started, the order changing from round to round.
func (w *World) rounds(
	ctx context.Context, revisions [][]Task, rounds int, call time.Duration, of func([]float64) float64, progress io.Writer,
) ([][]result.Program, error) {
	samples := make([][][]result.Program, len(revisions[0]))
	for round := range rounds {
		fmt.Fprintf(progress, "round %d of %d …\n", round+1, rounds)
		for i := range samples {
			samples[i] = append(samples[i], make([]result.Program, len(revisions)))
			for turn := range revisions {
				which := (round + turn) % len(revisions)
				w.Stub.Reset(awsstub.Observer{})
				sample, err := w.Probe(ctx, revisions[which][i], call)
				if err != nil {
					return nil, err
				}
				samples[i][round][which] = sample
			}
		}
	}
	summaries := make([][]result.Program, len(samples))
	for i, byRound := range samples {
		for which := range revisions {
			var all []result.Program
			for _, round := range byRound {
				all = append(all, round[which])
			}
			summaries[i] = append(summaries[i], summary(all, of))
		}
	}
	return summaries, nil
}
