package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Limits of a request (EventBridge API Reference, PutEvents).
const (
	maxEntries     = 10
	maxEntriesSize = 1 << 20 // in bytes
)

// EventBridge is a service with buses. It keeps what their rules select.
type EventBridge struct {
	mu    sync.Mutex
	buses map[string][]*subscription
	put   int
}

// NewEventBridge returns a service without buses.
func NewEventBridge() *EventBridge { return &EventBridge{buses: map[string][]*subscription{}} }

// CreateEventBus creates a bus.
func (b *EventBridge) CreateEventBus(_ context.Context, in *eventbridge.CreateEventBusInput, _ ...func(*eventbridge.Options)) (*eventbridge.CreateEventBusOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := aws.ToString(in.Name)
	if _, exists := b.buses[name]; exists {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("Event bus " + name + " already exists.")}
	}
	b.buses[name] = nil
	return &eventbridge.CreateEventBusOutput{}, nil
}

// Listen adds a rule with an event pattern to a bus. The function that it returns has the details
// of the events that the pattern has selected, in the order of their arrival.
func (b *EventBridge) Listen(bus, pattern string) (details func() []string, err error) {
	s, err := newSubscription(pattern)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buses[bus] = append(b.buses[bus], s)
	return func() []string {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.Clone(s.messages)
	}, nil
}

// PutEvents offers each entry to the rules of its bus. An entry that is not valid fails alone. A
// bus that does not exist takes entries too, and drops them (github.com/aws/aws-sdk/issues/186).
func (b *EventBridge) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	size := 0
	for _, e := range in.Entries {
		size += len(aws.ToString(e.Source)) + len(aws.ToString(e.DetailType)) + len(aws.ToString(e.Detail))
	}
	if n := len(in.Entries); n == 0 || n > maxEntries || size >= maxEntriesSize {
		return nil, newError("ValidationException", "%d entries of %d bytes", n, size)
	}
	out := &eventbridge.PutEventsOutput{}
	for _, e := range in.Entries {
		code := b.add(e)
		if code != "" {
			out.FailedEntryCount++
			out.Entries = append(out.Entries, types.PutEventsResultEntry{ErrorCode: &code, ErrorMessage: aws.String("the entry is not valid")})
			continue
		}
		b.put++
		out.Entries = append(out.Entries, types.PutEventsResultEntry{EventId: aws.String(fmt.Sprintf("event-%d", b.put))})
	}
	return out, nil
}

// add offers an entry to the rules. code says what is wrong with it (EventBridge API Reference,
// PutEventsResultEntry).
func (b *EventBridge) add(e types.PutEventsRequestEntry) (code string) {
	source, kind, text := aws.ToString(e.Source), aws.ToString(e.DetailType), aws.ToString(e.Detail)
	if source == "" || kind == "" || text == "" {
		return "InvalidArgument"
	}
	var detail map[string]any
	if err := json.Unmarshal([]byte(text), &detail); err != nil || detail == nil {
		return "MalformedDetail"
	}
	if strings.HasPrefix(source, "aws.") {
		return "NotAuthorizedForSourceException"
	}
	for _, s := range b.buses[aws.ToString(e.EventBusName)] {
		s.offer(map[string]any{"source": source, "detail-type": kind, "detail": detail}, text)
	}
	return ""
}
