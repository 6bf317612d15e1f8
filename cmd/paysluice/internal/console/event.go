package console

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
)

// maxRows bounds the rows of one kind that a page shows, because senders choose how many
// events a payment or an id has. The command lines name all.
const maxRows = 200

// archivedRead bounds the archived messages that the page of an event reads.
const archivedRead = 20

// maxKey is the longest key of the table, in bytes. DynamoDB refuses an empty one too.
const maxKey = 2048

// errErased reports a body that an operator erased.
var errErased = errors.New("the body was erased")

// downloadTimeout bounds a download. The body may be in the bucket.
const downloadTimeout = time.Minute

// eventData is the content of an event's page.
type eventData struct {
	event.Event
	URL     string
	Others  []event.Event // with the same id and another time, at most maxRows
	Left    int           // further ones
	Size    int           // of the body, 0 if it is in the bucket
	Related [][2]string
	Delay   time.Duration // from the provider's time to the receipt
	// Publishes reports whether the stack publishes events. Only the logs know when.
	Publishes bool
	Trace     *section[traceData]         // nil until it is asked for
	Archived  *section[[]failure.Failure] // nil until it is asked for
	Body      *body                       // nil until it is asked for
	Download  string
	Command   string
}

// idOf returns the id of an event, a payment or a request that an address names.
func idOf(r *http.Request, kind string) (string, error) {
	id := r.URL.Query().Get("id")
	if id == "" {
		return "", fmt.Errorf("%w: it names no %s; search for an event or a payment by its id", errRequest, kind)
	}
	if len(id) > maxKey {
		return "", fmt.Errorf("%w: no %s has an id of %s", query.ErrNotFound, kind, formatBytes(len(id)))
	}
	return id, nil
}

// find returns the event that a request names, and the others with its id.
func (s *Server) find(r *http.Request) (event.Event, []event.Event, error) {
	at := r.URL.Query().Get("at")
	id, err := idOf(r, "event")
	if err != nil {
		return event.Event{}, nil, err
	}
	found, err := s.Store.Event(r.Context(), id)
	if err != nil {
		return event.Event{}, nil, err
	}
	chosen := 0
	if at != "" {
		chosen = slices.IndexFunc(found, func(e event.Event) bool { return strconv.FormatInt(e.Timestamp, 10) == at })
	}
	if chosen < 0 {
		return event.Event{}, nil, fmt.Errorf("%w: no event %s of that time", query.ErrNotFound, id)
	}
	e := found[chosen]
	return e, slices.Delete(found, chosen, chosen+1), nil
}

// event shows one event, and its body if that is asked for.
func (s *Server) event(r *http.Request) (view, error) {
	e, others, err := s.find(r)
	if err != nil {
		return view{}, err
	}
	data := eventData{
		Event: e, Others: others, URL: eventURL(e), Size: len(e.Payload), Publishes: s.Stack.Outputs["UnpublishedQueueUrl"] != "",
		Download: "/payload?" + strings.TrimPrefix(eventURL(e), "/event?"),
		Command:  "paysluice events get " + quote(e.ID) + "\npaysluice events payload " + quote(e.ID) + " > body.json\npaysluice trace " + quote(e.ID),
	}
	if e.ErasedAt != 0 {
		data.Command = "paysluice events get " + quote(e.ID) + "\npaysluice trace " + quote(e.ID)
	}
	if len(others) > maxRows {
		data.Others, data.Left = others[:maxRows], len(others)-maxRows
	}
	if e.Timestamp != 0 {
		data.Delay = time.Duration(e.ReceivedAt-e.Timestamp) * time.Millisecond
	}
	for kind, id := range e.Related {
		data.Related = append(data.Related, [2]string{kind, id})
	}
	slices.SortFunc(data.Related, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	if r.URL.Query().Has("trace") {
		found, err := s.Trace(r.Context(), e.ID)
		data.Trace = new(read(traceData{Trace: found}, err))
	}
	if r.URL.Query().Has("archived") {
		data.Archived = new(read(s.archivedOf(r.Context(), e)))
		for _, m := range data.Archived.Value {
			data.Command += "\npaysluice failures show " + quote(m.Key)
		}
	}
	switch form := r.URL.Query().Get("body"); form {
	case "":
	case "pretty", "raw":
		if e.ErasedAt == 0 {
			data.Body = s.readBody(r, e, form)
		}
	default:
		return view{}, fmt.Errorf("%w: body is pretty or raw", errRequest)
	}
	return view{page: "event", title: e.ID, data: data}, nil
}

// archivedOf returns archived messages of an event of the table that were received on the same day, which
// one listing finds. A conflict has other content.
func (s *Server) archivedOf(ctx context.Context, e event.Event) (found []failure.Failure, err error) {
	for m, err := range s.Archive.List(ctx, failure.Filter{Prefix: event.Archived{Event: &e}.KeyPrefix(), Limit: archivedRead}) {
		if err != nil {
			return nil, err
		}
		if m.EventID == e.ID {
			found = append(found, m)
		}
	}
	return found, nil
}

// payload sends the exact bytes of a body as a download.
func (s *Server) payload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), downloadTimeout)
	defer cancel()
	e, _, err := s.find(r.WithContext(ctx))
	var text []byte
	switch {
	case err == nil && e.ErasedAt != 0:
		err = fmt.Errorf("%w on %s", errErased, s.exact(time.UnixMilli(e.ErasedAt)))
	case err == nil:
		text, err = s.Store.Payload(ctx, e)
	}
	if err != nil {
		s.serve(func(*http.Request) (view, error) { return view{}, limited{err, downloadTimeout} })(w, r)
		return
	}
	s.log("the body of %s was downloaded: %s", e.ID, formatBytes(len(text)))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(e.ID)}))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // the viewer may have left
}

// fileName returns a name for a body that is safe in every folder.
func fileName(id string) string {
	safe := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return r
		}
		return '_'
	}, id)
	return safe[:min(len(safe), 100)] + ".json"
}

// search leads to the event or the payment with an id, or shows the event's archived messages.
func (s *Server) search(r *http.Request) (view, error) {
	id := strings.TrimSpace(r.URL.Query().Get("q"))
	if id == "" {
		return view{to: "/events"}, nil
	}
	if len(id) > maxKey/2 { // leaves room for the provider's name
		return view{}, fmt.Errorf("%w: no event and no payment has an id of %s", query.ErrNotFound, formatBytes(len(id)))
	}
	ids := []string{id}
	for _, p := range providers() {
		ids = append(ids, event.NewID(p.Name, id))
	}
	for _, id := range ids {
		found, err := s.Store.Event(r.Context(), id)
		if err == nil {
			return view{to: eventURL(found[0]) + "&archived"}, nil
		}
		if !errors.Is(err, query.ErrNotFound) {
			return view{}, err
		}
	}
	if provider, rest, ok := strings.Cut(id, ":"); ok && rest != "" && title(provider) != provider {
		id = rest
	}
	found, unreadable, err := collect(s.Store.Events(r.Context(), query.Filter{Payment: id, Limit: 1}), nil)
	switch {
	case err != nil:
		return view{}, err
	case len(found) == 0 && unreadable != nil:
		return view{}, unreadable
	case len(found) == 0:
		return s.searchArchive(r, ids, id)
	}
	return view{to: "/payment?" + url.Values{"id": {id}}.Encode()}, nil
}
