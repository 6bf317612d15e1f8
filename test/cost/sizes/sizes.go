// Package sizes measures what one webhook becomes: a message, an item, index
// entries and log lines. It runs the handlers themselves on the providers' own
// example events and counts the bytes that come out; no AWS service takes part.
package sizes

import (
	"slices"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/stack"
)

// KB is the unit that DynamoDB counts writes in.
const KB = 1024

// Bodies are the sizes of the webhooks that are looked at, in bytes: a small
// one, one as most are, and one with a long list in it.
func Bodies() []int { return []int{KB, 5 * KB / 2, 10 * KB} }

// Sizes are in bytes.
type Sizes struct {
	Events []Event
	Lines  Lines
	// DayShards is the number of partition keys that a provider's day has in
	// the index of days.
	DayShards int
	// SecretReads is how often a second an environment reads its secret while
	// webhooks come in, SecretRefreshes how often while forgeries do.
	SecretReads, SecretRefreshes float64
}

// Event is one provider's webhook of one size, on its way.
type Event struct {
	Provider string
	Body     int
	Message  int
	Item     int
	Indexes  []Index
	Answer   int // the body of the 200
	Archived int // the object, should it end in the archive
	// Deflated is the body as it would be if it were compressed, by the ratio
	// that the example itself reaches without the spaces that fill it up.
	Deflated int
	// processorLine is what the processor writes about it.
	processorLine int
	message       string
}

// Index is an entry in an index. Bytes is 0 for an event that has none.
type Index struct {
	Name  string
	Bytes int
}

// Read measures the events and lines of the stack; root is the repository.
func Read(root string, s stack.Stack) (Sizes, error) {
	var all Sizes
	for _, p := range contract.Providers() {
		examples, err := examplesOf(root, p.Name)
		if err != nil {
			return Sizes{}, err
		}
		for _, size := range Bodies() {
			e, err := follow(p, examples.body(size), s.Table)
			if err != nil {
				return Sizes{}, err
			}
			if e.Deflated, err = deflated(examples.longest(size), size); err != nil {
				return Sizes{}, err
			}
			all.Events = append(all.Events, e)
		}
	}
	var err error
	all.Lines, err = newLines(s, all.Of(Bodies()[1]))
	all.DayShards = dayShards()
	all.SecretReads, all.SecretRefreshes = secretCalls(false), secretCalls(true)
	return all, err
}

// Of are the events whose body has that size, one of each provider.
func (s Sizes) Of(body int) []Event {
	return slices.DeleteFunc(slices.Clone(s.Events), func(e Event) bool { return e.Body != body })
}

// Mean is the mean of a size over events.
func Mean(events []Event, size func(Event) float64) float64 {
	sum := 0.0
	for _, e := range events {
		sum += size(e)
	}
	return sum / float64(len(events))
}

// WriteUnits are those of a write of that many bytes: one for each KB that it
// begins, and none for an entry that is not there (DynamoDB Developer Guide,
// "DynamoDB read and write operations").
func WriteUnits(bytes int) float64 { return float64((bytes + KB - 1) / KB) }

// WriteUnits are those of the item and of all its index entries.
func (e Event) WriteUnits() float64 {
	units := WriteUnits(e.Item)
	for _, i := range e.Indexes {
		units += WriteUnits(i.Bytes)
	}
	return units
}
