package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Stage is something that happened to an event or a request.
type Stage struct {
	At time.Time `json:"at"`
	// GapMillis is the time since the stage before, 0 for the first.
	GapMillis int64  `json:"gapMillis"`
	Where     string `json:"where"` // api, the name of a function, or archive
	What      string `json:"what"`
}

// Trace is the path of one event or request through the stack.
type Trace struct {
	ID string `json:"id"`
	// Ids are all ids that belong together: of event, requests and messages.
	IDs    []string `json:"ids"`
	Stored bool     `json:"stored"`
	// Unreadable reports whether the table has a row that is not an event.
	Unreadable bool `json:"unreadable,omitempty"`
	Archived   bool `json:"archived"`
	// PublishedAt is the time of the publisher's first line that says so, zero without one.
	PublishedAt time.Time `json:"publishedAt,omitzero"`
	Stages      []Stage   `json:"stages"` // in order of time
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until"`
}

// Windows of the search in the logs.
const (
	// traceLead is how long before its receipt an event's request began at most:
	// API Gateway's timeout.
	traceLead = time.Minute
	// traceTail is how long after its receipt the path of a stored event is followed.
	traceTail = time.Hour
	// traceDefault is how far a search goes back for an id without a row.
	traceDefault = 24 * time.Hour
	// traceRounds bounds how often new ids are searched: extended request id, request, event, message.
	traceRounds = 4
)

// tracer collects a trace.
type tracer struct {
	*Monitor
	trace  *Trace
	ids    map[string]bool // found, with whether they were searched
	groups map[string]string

	mu   sync.Mutex
	seen map[string]bool // log events
}

// Trace follows an event id or a request id of API Gateway, also an extended one, through
// logs, table and archive. Without since and until it searches from the receipt of the
// stored or archived event to an hour later, or the last day without one. The error is ErrNotFound if
// there is neither a row, an object nor a line.
func (m *Monitor) Trace(ctx context.Context, store *Store, id string, since, until time.Time) (Trace, error) {
	t := &tracer{
		Monitor: m, trace: &Trace{ID: id, Since: since, Until: until, Stages: []Stage{}},
		ids: map[string]bool{id: false}, groups: m.logGroups(), seen: map[string]bool{},
	}
	if err := t.rows(ctx, store, id); err != nil {
		return Trace{}, err
	}
	t.window()
	for range traceRounds {
		if err := t.search(ctx); err != nil {
			return Trace{}, err
		}
	}
	if !t.trace.Stored && !t.trace.Unreadable {
		for found := range maps.Clone(t.ids) {
			if found != id {
				if err := t.rows(ctx, store, found); err != nil {
					return Trace{}, err
				}
			}
		}
	}
	if len(t.trace.Stages) == 0 {
		return Trace{}, fmt.Errorf("%w: neither the table, the archive nor the logs from %s to %s have %s: choose other times with --since and --until",
			ErrNotFound, t.trace.Since.Format(time.RFC3339), t.trace.Until.Format(time.RFC3339), id)
	}
	t.finish()
	return *t.trace, nil
}

// logGroups returns the names of the log groups, with what writes them.
func (m *Monitor) logGroups() map[string]string {
	groups := map[string]string{"/aws/apigateway/webhook-api-" + m.Stack.Suffix(): "api"}
	functions := []string{contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName}
	for _, p := range contract.Providers() {
		functions = append(functions, contract.ProcessorName(p))
	}
	if m.Stack.Outputs["UnpublishedQueueUrl"] != "" {
		functions = append(functions, contract.PublisherName)
	}
	for _, name := range functions {
		groups[m.Stack.LogGroup(name)] = name
	}
	return groups
}

// rows adds the rows of an event id, or its archived messages if it has no row.
func (t *tracer) rows(ctx context.Context, store *Store, id string) error {
	if !strings.Contains(id, ":") {
		return nil // a request or a message
	}
	for e, err := range store.Versions(ctx, id) {
		switch {
		case errors.Is(err, table.ErrItem):
			t.add(time.UnixMilli(e.Timestamp), t.Stack.Outputs["TableName"], err.Error())
			t.trace.Unreadable = true
		case err != nil:
			return err
		default:
			t.receipt(e, t.Stack.Outputs["TableName"]+" has it now")
			t.trace.Stored = true
		}
	}
	if t.trace.Stored || t.trace.Unreadable {
		return nil
	}
	found, err := t.Archive.Find(ctx, id)
	received := map[int64]bool{0: true}
	for _, f := range found {
		if e := f.Event; e != nil && !received[e.ReceivedAt] { // a replay that failed has the same receipt
			received[e.ReceivedAt] = true
			t.receipt(*e, t.Stack.Outputs["TableName"]+" does not have it")
		}
		t.add(time.UnixMilli(f.ArchivedAt), "archive", fmt.Sprintf("archived, reason %s, archivedTo s3://%s/%s", f.Reason, t.Stack.Outputs["BucketName"], f.Key))
		t.trace.Archived = true
	}
	return err
}

// receipt adds what a row or an object says about an event. Only the receipt has a time there: a row
// does not say when it was stored.
func (t *tracer) receipt(e event.Event, what string) {
	if _, known := t.ids[e.RequestID]; !known && e.RequestID != "" {
		t.ids[e.RequestID] = false
	}
	t.add(time.UnixMilli(e.ReceivedAt), e.Provider+"-processor", "received; "+what)
}

// window sets the bounds that are missing.
func (t *tracer) window() {
	now := t.Now().UTC()
	if t.trace.Until.IsZero() {
		t.trace.Until = now.Add(traceLead)
		if len(t.trace.Stages) > 0 {
			last := slices.MaxFunc(t.trace.Stages, byTime).At
			if end := last.Add(traceTail); end.Before(t.trace.Until) {
				t.trace.Until = end
			}
		}
	}
	if t.trace.Since.IsZero() {
		t.trace.Since = t.trace.Until.Add(-traceDefault)
		if len(t.trace.Stages) > 0 {
			t.trace.Since = slices.MinFunc(t.trace.Stages, byTime).At.Add(-traceLead)
		}
	}
}

func byTime(a, b Stage) int { return a.At.Compare(b.At) }

// search looks in all log groups for the ids that were not searched yet.
func (t *tracer) search(ctx context.Context) error {
	var terms []string
	for id, searched := range t.ids {
		if !searched {
			terms = append(terms, id)
			t.ids[id] = true
		}
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(concurrency)
	for group, where := range t.groups {
		for _, term := range terms {
			all.Go(func() error { return t.searchGroup(ctx, group, where, term) })
		}
	}
	return all.Wait()
}

func (t *tracer) searchGroup(ctx context.Context, group, where, term string) error {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: new(t.trace.Since.UnixMilli()), EndTime: new(t.trace.Until.UnixMilli()),
		FilterPattern: new(`"` + strings.ReplaceAll(term, `"`, "") + `"`),
	}
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(t.Logs, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, line := range page.Events {
			t.line(where, line)
		}
	}
	return nil
}

// line adds a log line and the ids that it names.
func (t *tracer) line(where string, l types.FilteredLogEvent) {
	var members map[string]any
	if json.Unmarshal([]byte(aws.ToString(l.Message)), &members) != nil {
		return // Lambda's own lines
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	names := []string{"eventId", "apiRequestId", "messageId"}
	if where == "api" {
		names = []string{"requestId"}
	}
	var ids []string
	known := false
	for _, name := range names {
		if id, _ := members[name].(string); id != "" {
			ids = append(ids, id)
			_, found := t.ids[id]
			known = known || found
		}
	}
	// Another id of API Gateway, which the sender cannot choose.
	extended, _ := members["extendedRequestId"].(string)
	_, found := t.ids[extended]
	known = known || found
	// A line of the publisher names all events of its batch.
	published, _ := members["eventIds"].([]any)
	for _, id := range published {
		name, _ := id.(string)
		_, found := t.ids[name]
		known = known || found
	}
	key := where + aws.ToString(l.EventId) + aws.ToString(l.Message)
	if !known || t.seen[key] { // a longer id contains the term
		return
	}
	t.seen[key] = true
	for _, id := range ids {
		if _, found := t.ids[id]; !found {
			t.ids[id] = false
		}
	}
	at := time.UnixMilli(aws.ToInt64(l.Timestamp)).UTC()
	t.add(at, where, describe(where, members))
	if _, archived := members["archivedTo"]; archived {
		t.trace.Archived = true
	}
	if first := t.trace.PublishedAt; len(published) > 0 && (first.IsZero() || at.Before(first)) {
		t.trace.PublishedAt = at
	}
}

func (t *tracer) add(at time.Time, where, what string) {
	t.trace.Stages = append(t.trace.Stages, Stage{At: at.UTC(), Where: where, What: what})
}

// describe returns the members of a line that say what happened.
func describe(where string, members map[string]any) string {
	names := []string{"msg", "message", "status", "reason", "detail", "hint", "error", "senderId", "receiveCount", "archivedTo", contract.ReplayAttribute}
	if where == "api" {
		names = []string{"status", "responseLatency", "authorizerStatus", "authorizerLatency", "authorizerError", "integrationStatus", "integrationLatency", "integrationError", "errorResponseType"}
	}
	var parts []string
	for _, name := range names {
		text := fmt.Sprint(members[name])
		switch {
		case members[name] == nil, text == "", text == "-":
		case text == contract.OtherSenderMessage:
			parts = append(parts, text, "as a replay or a refill sends it")
		case name == "msg", name == "message":
			parts = append(parts, text)
		default:
			parts = append(parts, name+" "+text)
		}
	}
	return strings.Join(parts, ", ")
}

// finish sorts the stages and computes the gaps.
func (t *tracer) finish() {
	slices.SortStableFunc(t.trace.Stages, byTime)
	for i := range t.trace.Stages[1:] {
		t.trace.Stages[i+1].GapMillis = t.trace.Stages[i+1].At.Sub(t.trace.Stages[i].At).Milliseconds()
	}
	t.trace.IDs = slices.Sorted(maps.Keys(t.ids))
}
