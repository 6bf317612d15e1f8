package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

const (
	// pageSize is the number of events on a page.
	pageSize = 50
	day      = 24 * time.Hour
	// searchTime bounds how long a list goes on to earlier days, and how long a search in the archive does.
	searchTime = 3 * time.Second
)

const (
	// fieldTime is the form of a datetime-local field.
	fieldTime = "2006-01-02T15:04"
	// linkTime is that of a link. A field's time has no offset, and names two hours when the clock is set back.
	linkTime = fieldTime + "Z07:00"
)

// eventsData is the content of a page of the list of events.
type eventsData struct {
	Form       url.Values
	Providers  []contract.Provider
	Categories []event.Category
	Events     []event.Event
	Problem    *problem
	Filtered   bool
	First      bool   // whether this is the first page, which follows new events
	Next       string // URL of the next page, "" on the last
	Start      string // URL of the first page
	// Searched is the time back to which the last page got, zero for a payment and for other pages.
	// Rest is the URL of the search before it, "" if no older event is expected or the filter has a Since.
	Searched time.Time
	Rest     string
	Zone     string // of Since and Until
	Command  string
}

func providers() []contract.Provider { return contract.Providers() }

// fields are the names of the filter's fields.
func fields() []string {
	return []string{"provider", "category", "type", "payment", "account", "endpoint", "mode", "since", "until"}
}

// events lists events, newest first.
func (s *Server) events(r *http.Request) (view, error) {
	form := r.URL.Query()
	filter, err := s.filter(form)
	if err != nil {
		return view{}, err
	}
	position, err := parsePosition(form.Get("before"))
	if err != nil {
		return view{}, err
	}
	data := eventsData{Form: form, Providers: providers(), Categories: event.Categories(), First: position == nil, Zone: s.zone(), Command: listCommand(form, filter)}
	kept := url.Values{}
	for _, name := range fields() {
		if value := form.Get(name); value != "" {
			kept.Set(name, value)
			data.Filtered = true
		}
	}
	for name, at := range map[string]time.Time{"since": filter.Since, "until": filter.Until} {
		if kept.Has(name) {
			form.Set(name, at.In(s.Zone).Format(fieldTime))
		}
	}
	data.Start = "/events?" + kept.Encode()
	var after func(event.Event) bool
	if position != nil {
		end := filter.Until
		if until := position.until(); end.After(until) {
			filter.Until, filter.Continued = until, true
		}
		after = func(e event.Event) bool { // Continued adds the events without a time of the whole day
			return position.before(e) && (e.Timestamp != 0 || e.ReceivedAt < end.UnixMilli())
		}
	}
	found, searched, ends, err := s.list(r.Context(), filter, after)
	if err != nil {
		data.Problem = newProblem(err)
	}
	if data.Searched = searched; !ends {
		kept.Set("until", searched.Format(linkTime))
		data.Rest = "/events?" + kept.Encode()
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		kept.Set("before", positionOf(found[pageSize-1]).String())
		data.Next = "/events?" + kept.Encode()
	}
	data.Events = found
	return view{page: "events", title: "Events", data: data}, nil
}

// list returns at most one event more than a page has, of those that follow a position.
// After searchTime it begins no further day, because a filter may match nothing in many
// events. searched is the time back to which it got, zero for a payment and if there are more events than a
// page has. ends reports whether nothing is left to search: there are more events, the filter
// has a Since, or the stack did not exist before. A table.ErrItem names rows that the list leaves out.
func (s *Server) list(ctx context.Context, f query.Filter, follows func(event.Event) bool) (found []event.Event, searched time.Time, ends bool, err error) {
	if f.Payment != "" {
		found, unreadable, err := collect(s.Store.Events(ctx, f), follows)
		return found, f.Since, true, cmp.Or(err, unreadable)
	}
	begin := s.Now()
	var unreadable error
	since, until := s.Store.Window(f)
	ends = !f.Since.IsZero() || until.Sub(since) < query.DefaultWindow
	if !ends {
		since = since.Truncate(time.Minute) // which an address can name
	}
	for until.After(since) {
		f.Since, f.Until = until.Add(-time.Millisecond).Truncate(day), until
		if f.Since.Before(since) {
			f.Since = since
		}
		more, left, err := collect(s.Store.Events(ctx, f), follows)
		if err != nil {
			return nil, searched, true, err
		}
		found, until, unreadable = append(found, more...), f.Since, errors.Join(unreadable, left)
		if len(found) > pageSize {
			return found, searched, true, unreadable
		}
		if s.Now().Sub(begin) > searchTime && until.After(since) {
			return found, until, false, unreadable
		}
	}
	return found, since, ends, unreadable
}

// collect returns at most one event more than a page has, of those that follow a
// position, and an error that names the rows that are not events.
func collect(all iter.Seq2[event.Event, error], follows func(event.Event) bool) (found []event.Event, unreadable, err error) {
	var left []error
	for e, err := range query.Readable(all, func(err error) { left = append(left, err) }) {
		if err != nil {
			return nil, nil, err
		}
		if follows != nil && !follows(e) {
			continue
		}
		if found = append(found, e); len(found) > pageSize {
			break
		}
	}
	return found, errors.Join(left...), nil
}

// filter reads the form's fields. The error names every invalid one.
func (s *Server) filter(form url.Values) (query.Filter, error) {
	f := query.Filter{
		Provider: form.Get("provider"), Type: form.Get("type"), Category: event.Category(form.Get("category")),
		Payment: form.Get("payment"), Account: form.Get("account"), Endpoint: form.Get("endpoint"),
		Until: query.EndOfDay(s.Now()),
	}
	var problems []error
	if f.Provider != "" && !slices.ContainsFunc(providers(), func(p contract.Provider) bool { return p.Name == f.Provider }) {
		problems = append(problems, fmt.Errorf("no provider is called %s", f.Provider))
	}
	if f.Category != "" && !slices.Contains(event.Categories(), f.Category) {
		problems = append(problems, fmt.Errorf("no category is called %s", f.Category))
	}
	switch form.Get("mode") {
	case "":
	case "live", "test":
		f.Livemode = new(form.Get("mode") == "live")
	default:
		problems = append(problems, errors.New("mode is live or test"))
	}
	for name, to := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		text := form.Get(name)
		if text == "" {
			continue
		}
		at, err := time.ParseInLocation(fieldTime, text, s.Zone)
		if err != nil {
			at, err = time.Parse(linkTime, text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s is a time such as %s, in the zone %s", name, s.Now().In(s.Zone).Format(fieldTime), s.zone()))
			continue
		}
		*to = at
	}
	if !f.Since.Before(f.Until) {
		problems = append(problems, errors.New("since must be before until, and not after today"))
	}
	if len(problems) > 0 {
		return query.Filter{}, fmt.Errorf("%w: %w", errRequest, errors.Join(problems...))
	}
	return f, nil
}

// listCommand returns the command that lists the same events.
func listCommand(form url.Values, f query.Filter) string {
	words := []string{"paysluice events list"}
	for _, name := range []string{"provider", "category", "type", "payment", "account", "endpoint"} {
		if value := form.Get(name); value != "" {
			words = append(words, "--"+name, quote(value))
		}
	}
	if f.Livemode != nil {
		words = append(words, "--livemode", strconv.FormatBool(*f.Livemode))
	}
	if !f.Since.IsZero() {
		words = append(words, "--since", f.Since.UTC().Format(time.RFC3339))
	}
	if form.Get("until") != "" {
		words = append(words, "--until", f.Until.UTC().Format(time.RFC3339))
	}
	return strings.Join(words, " ")
}

// position is a place in the list of events: the day under which an event is listed,
// its time, 0 without one, and its id.
type position struct {
	day       time.Time
	timestamp int64
	id        string
}

func positionOf(e event.Event) position {
	at := e.Timestamp
	if at == 0 {
		at = e.ReceivedAt
	}
	return position{time.UnixMilli(at).UTC().Truncate(day), e.Timestamp, e.ID}
}

// String returns the position as a parameter of a URL.
func (p position) String() string {
	return fmt.Sprintf("%s.%d.%s", p.day.Format(time.DateOnly), p.timestamp, p.id)
}

// parsePosition reads a position. It returns nil for "".
func parsePosition(text string) (*position, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.SplitN(text, ".", 3)
	if len(parts) == 3 {
		at, err := time.Parse(time.DateOnly, parts[0])
		timestamp, numberErr := strconv.ParseInt(parts[1], 10, 64)
		if err == nil && numberErr == nil {
			return &position{at, timestamp, parts[2]}, nil
		}
	}
	return nil, fmt.Errorf("%w: before is not a place in the list; begin at the first page", errRequest)
}

// until returns the end of the range that begins at the position.
func (p position) until() time.Time {
	if p.timestamp == 0 {
		return p.day.Add(day)
	}
	return time.UnixMilli(p.timestamp + 1)
}

// before reports whether an event is listed after the position, as it is older.
func (p position) before(e event.Event) bool {
	other := positionOf(e)
	switch {
	case !other.day.Equal(p.day):
		return other.day.Before(p.day)
	case other.timestamp != p.timestamp:
		return other.timestamp < p.timestamp
	}
	return other.id < p.id
}
