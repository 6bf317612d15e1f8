package lab

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

// Bodies are the sizes of webhooks that are looked at, in bytes: a small one, one as most
// are, and one with a long list in it.
func Bodies() []int { return []int{1 << 10, BodySize, 10 << 10} }

// Sizes sends one webhook of each provider and size through the functions and returns
// what becomes of it. The bodies are the providers' own example events, the longest that
// fits, filled up with spaces.
func (w *World) Sizes(ctx context.Context, r Revision, root string) (result.Sizes, error) {
	var s result.Sizes
	var ten []string // messages of all providers
	share := 1 / float64(len(w.Source.senders))
	for i, sender := range w.Source.senders {
		examples, err := examplesOf(root, sender.Provider.Name)
		if err != nil {
			return s, err
		}
		for _, size := range Bodies() {
			i := slices.IndexFunc(examples, func(e []byte) bool { return len(e) <= size })
			if i < 0 {
				return s, fmt.Errorf("no example event of %s has at most %d bytes", sender.Provider.Name, size)
			}
			example := examples[i]
			spaces := bytes.Repeat([]byte(" "), size-len(example))
			e, logged, err := w.follow(ctx, r, sender, createdNow(slices.Concat(example[:1], spaces, example[1:])))
			if err != nil {
				return s, err
			}
			e.Deflated = deflated(example, size)
			s.Events = append(s.Events, e)
			if size == BodySize {
				s.Lines.Processor += share * logged
			}
		}
		processor, authorizer, err := w.refused(ctx, r, sender)
		if err != nil {
			return s, err
		}
		s.Lines.ProcessorRefused += share * processor
		s.Lines.AuthorizerRefused += share * authorizer
		t := r.task(sender.Provider.Name+"-processor", accepted)
		for _, webhook := range w.Source.Make(BodySize, slices.Repeat([]int{i}, 1+contract.BatchSize/len(w.Source.senders))) {
			t.Payloads = append(t.Payloads, webhook.Processor)
		}
		sent, err := w.messages(ctx, t, len(t.Payloads))
		if err != nil {
			return s, err
		}
		ten = append(ten, sent...)
	}
	var err error
	if _, s.Lines.ConsumerBatch, err = w.invokeBatch(ctx, r, ten[:contract.BatchSize]...); err != nil {
		return s, err
	}
	w.Stub.Reset()
	_, s.Lines.ConsumerSingle, err = w.invokeBatch(ctx, r, ten[0])
	for _, line := range []*float64{&s.Lines.Processor, &s.Lines.ProcessorRefused, &s.Lines.AuthorizerRefused, &s.Lines.ConsumerBatch, &s.Lines.ConsumerSingle} {
		*line = 10 * math.Round(*line/10) // times and durations in lines differ in length
	}
	return s, err
}

// follow takes a body through processor and consumer.
func (w *World) follow(ctx context.Context, r Revision, sender senders.Sender, body []byte) (e result.Event, logged float64, err error) {
	e = result.Event{Provider: sender.Provider.Name, Body: len(body), Entries: map[string]int{}}
	w.Stub.Reset()
	webhook := sign(sender, body, w.Source.keys[sender.Provider.Name], time.Now())
	response, logged, err := w.invokeOnce(ctx, r, sender.Provider.Name+"-processor", accepted, webhook.Processor)
	if err != nil {
		return e, 0, err
	}
	var answer struct{ Body string }
	if err := json.Unmarshal(response, &answer); err != nil {
		return e, 0, err
	}
	if _, _, err := w.invokeBatch(ctx, r, w.Stub.Arrived().Messages...); err != nil {
		return e, 0, err
	}
	arrived := w.Stub.Arrived()
	if len(arrived.Messages) != 1 || len(arrived.Items) != 1 {
		return e, 0, fmt.Errorf("%w: a webhook became %+v", ErrWrong, arrived)
	}
	item := arrived.Items[0]
	e.Response, e.Message, e.Item = len(answer.Body), len(arrived.Messages[0]), item.Bytes()
	for _, i := range r.Stack.Indexes {
		e.Entries[i.Name] = item.Projected(i.Keys, i.Attributes)
	}
	return e, logged, nil
}

// refused returns what the processor logs about a forged webhook, and the authorizer
// about a request without the provider's headers, in bytes.
func (w *World) refused(ctx context.Context, r Revision, sender senders.Sender) (processor, authorizer float64, err error) {
	forged := sign(sender, pad(sender.Body(sender.NewID(), 1, senders.Created), BodySize), sender.NewSecret(), time.Now())
	if _, processor, err = w.invokeOnce(ctx, r, sender.Provider.Name+"-processor", `"statusCode":401`, forged.Processor); err != nil {
		return 0, 0, err
	}
	bare := arrive(sender, nil, nil, time.Now())
	_, authorizer, err = w.invokeOnce(ctx, r, contract.AuthorizerName, `"Effect":"Deny"`, bare.Authorizer)
	return processor, authorizer, err
}

// invokeBatch invokes the consumer.
func (w *World) invokeBatch(ctx context.Context, r Revision, messages ...string) ([]byte, float64, error) {
	return w.invokeOnce(ctx, r, contract.ConsumerName, allTaken, batch(messages, time.Now()))
}

// invokeOnce starts a process for one invocation and returns the response and how many
// bytes it logged.
func (w *World) invokeOnce(ctx context.Context, r Revision, function, want string, payload []byte) (response []byte, logged float64, err error) {
	t := r.task(function, want)
	w.Stub.SetLatency(func(string) time.Duration { return 0 })
	f, err := w.start(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	response, err = t.invoke(ctx, f, payload)
	err = errors.Join(err, f.Stop()) // then the log is complete
	for line := range strings.Lines(f.Logs()) {
		if strings.HasPrefix(line, "{") { // not the runtime's own, of the end of the process
			logged += float64(len(line))
		}
	}
	return response, logged, err
}

// examplesOf returns a provider's example events without space between their tokens, the
// longest first.
func examplesOf(root, provider string) (all [][]byte, err error) {
	files, err := filepath.Glob(filepath.Join(root, "handlers", "provider", provider, "testdata", "events", "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s has no example events (%w)", provider, errors.Join(err, os.ErrNotExist))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, compact.Bytes())
	}
	slices.SortFunc(all, func(a, b []byte) int { return len(b) - len(a) })
	return all, nil
}

// createdNow returns the body with all times of creation set to now, as long as they
// were. Square's events have a bound on their age.
func createdNow(body []byte) []byte {
	times := regexp.MustCompile(`"created_at":"[^"]{20,}"`)
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000000")
	return times.ReplaceAllFunc(body, func(member []byte) []byte {
		value := now[:len(member)-len(`"created_at":"Z"`)]
		return []byte(`"created_at":"` + value + `Z"`)
	})
}

// deflated returns the size of so many bytes of text like the example after compression.
func deflated(example []byte, size int) int {
	var short bytes.Buffer
	w, _ := flate.NewWriter(&short, flate.DefaultCompression) // a level that it knows
	_, _ = w.Write(example)
	_ = w.Close()
	return short.Len() * size / len(example)
}
