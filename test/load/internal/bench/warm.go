package bench

import (
	"context"
	"math"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/latency"
)

// stagger is between the starts of two environments of one function.
const stagger = 30 * time.Millisecond

// apart is between the starts of two environments of one function under load.
const apart = 250 * time.Millisecond

// warmCount is how many environments of each function are started and called
// once before the load, one after the other. On Lambda a function that is in
// use has them; here, where all share a machine, starting them under the load
// would be the load.
type warmCount struct{ authorizer, processor, consumer int }

// warmCounts are twice as many as are busy on average (Little's law), and 24
// more. A burst that takes more starts them, and is counted.
func warmCounts(rate float64, calls latency.Calls) warmCount {
	const own = time.Millisecond // about what a function takes itself
	perProcessor := rate / float64(len(contract.Providers()))
	enough := func(rate float64, busy time.Duration) int { return 24 + int(math.Ceil(2*rate*busy.Seconds())) }
	return warmCount{
		authorizer: enough(rate, own),
		processor:  enough(perProcessor, own+calls[awsstub.SendMessage].Mean()),
		// The slowest of a batch's writes counts.
		consumer: enough(rate/contract.BatchSize, 4*own+calls[awsstub.PutItem].P99()),
	}
}

// total is the number of webhooks that this takes.
func (w warmCount) total() int {
	n := w.processor * len(contract.Providers())
	return max(n, w.authorizer)
}

// providers are those of the webhooks, in turn.
func (w warmCount) providers() []int {
	all := make([]int, w.total())
	for i := range all {
		all[i] = i % len(contract.Providers())
	}
	return all
}

// start starts the environments: each webhook is for an environment of the
// authorizer and of its processor, as long as there are any to start.
func (r *loadRun) start(ctx context.Context) error {
	for i := range r.warm.total() {
		w := r.webhooks[i]
		authorize, process := r.authorizer.invokeNow, r.processors[w.Provider].invokeNow
		if i < r.warm.authorizer {
			authorize = r.authorizer.warm
		}
		if i/len(r.processors) < r.warm.processor {
			process = r.processors[w.Provider].warm
		}
		authorize(w.Authorizer, []string{allowed}, func(time.Time) {
			process(w.Processor, []string{status, w.EventID}, nil)
		})
		if err := pause(ctx, stagger); err != nil {
			return err
		}
	}
	return nil
}
