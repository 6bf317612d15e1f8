package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/latency"
	"github.com/paysluice/paysluice/test/load/internal/process"
	"github.com/paysluice/paysluice/test/load/internal/record"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
	"github.com/paysluice/paysluice/test/measured"
)

// Batch measures the consumer's batches of ten beside batches of one, in turn
// and one at a time, each write taking the published median of one.
func (b *Bench) Batch(ctx context.Context, rounds int) (measured.Batch, error) {
	defer b.killAll()
	write := time.Duration(b.Figures[awsstub.PutItem].P50 * float64(time.Millisecond))
	result := measured.Batch{Machine: b.Machine, Write: ms(write)}
	fmt.Fprintf(b.progress, "batches of one and of ten, each write taking %v …\n", write)
	const warm = 5 // rounds that are not counted
	messages, err := b.messages(ctx, (rounds+warm)*(1+contract.BatchSize))
	if err != nil {
		return result, err
	}
	p, err := b.function(contract.ConsumerName, contract.ConsumerBinary, -1)
	if err != nil {
		return result, err
	}
	defer lean()()
	caller, err := b.caller(ctx, p)
	if err != nil {
		return result, err
	}
	b.stub.Reset(nil)
	b.stub.SetLatencies(latency.Fixed(b.Figures, write))
	histograms := map[int]*record.Histogram{1: record.New(), contract.BatchSize: record.New()}
	used := map[int]time.Duration{}
	for round := range rounds + warm {
		for _, size := range []int{1, contract.BatchSize} {
			batch := messages[:size]
			messages = messages[size:]
			before, err := process.CPU(caller.environment.PID())
			if err != nil {
				return result, err
			}
			took, err := caller.call(ctx, batchEvent(batch, time.Now()), allTaken)
			if err != nil {
				return result, err
			}
			after, err := process.CPU(caller.environment.PID())
			if err != nil {
				return result, err
			}
			if round >= warm {
				histograms[size].Record(took)
				used[size] += after - before
			}
		}
	}
	result.One, result.Ten = histograms[1].Latency(false), histograms[contract.BatchSize].Latency(false)
	result.CPUOne = ms(used[1]) / float64(rounds)
	result.CPUTen = ms(used[contract.BatchSize]) / float64(rounds)
	return result, nil
}

// messages are real ones: Stripe's processor has sent them.
func (b *Bench) messages(ctx context.Context, n int) ([]awsstub.Message, error) {
	programs, err := b.requestPrograms()
	if err != nil {
		return nil, err
	}
	stripe := programs[len(programs)-len(contract.Providers())]
	webhooks, err := b.webhooks(ctx, stripe, n, traffic.BodySize)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var messages []awsstub.Message
	b.stub.Reset(func(m awsstub.Message) {
		mu.Lock()
		defer mu.Unlock()
		messages = append(messages, m)
	})
	b.stub.SetLatencies(latency.Calls{})
	l, err := b.loop(stripe, processed(webhooks))
	if err != nil {
		return nil, err
	}
	if err := l.start(); err != nil {
		return nil, err
	}
	err = l.until(ctx, int64(n))
	l.stop()
	mu.Lock()
	defer mu.Unlock()
	return messages[:min(n, len(messages))], err
}
