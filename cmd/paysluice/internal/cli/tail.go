package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/function"
)

const (
	// pollInterval is how often tail reads the table's stream. A shard takes five reads
	// a second from all readers (DynamoDB quotas).
	pollInterval = time.Second
	// forwardTimeout bounds one delivery. A server that takes longer is retried.
	forwardTimeout = 30 * time.Second
	// firstPause and longestPause are the pauses between deliveries of one event that
	// the server did not take. Each pause is twice the one before.
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// tailing is a command line of events tail.
type tailing struct {
	since, forwardTo, place string
	from                    query.Place
}

func (a *app) eventsTail() *cobra.Command {
	var t tailing
	c := &cobra.Command{
		Use:   "tail",
		Short: "Print events as they are stored, or forward them to a local server",
		Long: `Print events as they are stored, until interrupted. --since begins earlier.

With --forward-to, each event is posted to a URL: the exact body that the
provider sent, and the headers Content-Type, Paysluice-Event-Id,
Paysluice-Event-Type, Paysluice-Event-Category and Paysluice-Event-Provider. The
provider's own headers are not stored. An event is posted until the server
answers with a status of 2xx or 4xx other than 408 and 429, and the next one
only then. A redirect is not followed.

A file keeps the place: a tail that was interrupted resumes after the last event
that was answered, however long ago that was. It may post that event again.
After more than 24 hours it reads from the table what was received since. It
then misses an event that was received earlier and stored late, more than 24
hours ago.

After Ctrl-C it says on stderr how to continue.

A row of the table that is not an event is named and left out. With
--forward-to, so is an event with a payload that was erased, is not in the
bucket or does not match its hash.`,
		Example: `  paysluice events tail -o ndjson
  paysluice events tail --since 2h --forward-to http://localhost:3000/hooks`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			at, err := parseSince(t.since, a.now())
			if err != nil {
				return usagef("--since: %w", err)
			}
			if !at.IsZero() {
				t.from = query.Place{ReceivedAt: at.UnixMilli()}
			}
			if t.forwardTo != "" {
				return a.forward(c.Context(), t)
			}
			if t.place != "" {
				return usagef("--place needs --forward-to: only deliveries keep a place")
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			if at.IsZero() {
				at = a.now()
			}
			changes := "with --since " + formatTime(at.UnixMilli(), time.RFC3339Nano)
			arrivals := query.NewFollower(s, query.New(s, a.now), pollInterval).Follow(c.Context(), t.from)
			rows := noting(query.Readable(arrivals, a.leftOut().note), func(arrival query.Arrival) {
				changes = "with --since " + formatTime(arrival.Place.ReceivedAt, time.RFC3339Nano)
			})
			_, err = output.Follow(a.out, a.format, eventColumns(), withoutPayloads(rows))
			a.sayRest(c.Context(), changes)
			return err
		},
	}
	c.Flags().StringVar(&t.since, "since", "", "begin with events received at this `time`: 2h, 2026-11-01 or RFC 3339")
	c.Flags().StringVar(&t.forwardTo, "forward-to", "", "post each event to this `URL`")
	c.Flags().StringVar(&t.place, "place", "", "`file` that keeps the place; by default one for each stack and URL")
	return c
}

// withoutPayloads returns the events of arrivals as a list shows them.
func withoutPayloads(arrivals iter.Seq2[query.Arrival, error]) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for a, err := range arrivals {
			a.Payload = nil
			if !yield(a.Event, err) {
				return
			}
		}
	}
}

// forward delivers events until the context ends.
func (a *app) forward(ctx context.Context, t tailing) error {
	target, err := url.Parse(t.forwardTo)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return usagef("--forward-to must be a URL such as http://localhost:3000/hooks")
	}
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	path := t.place
	if path == "" {
		if path, err = defaultPlace(s.ID, t.forwardTo); err != nil {
			return err
		}
	}
	kept, err := readPlace(path, s.ID)
	if err != nil && (t.since == "" || !errors.Is(err, errNoPlace)) {
		return err
	}
	if t.since == "" {
		t.from = kept
	}
	keep := func(p query.Place) error { return writePlace(path, keptTail{s.ID, p}) }
	if t.from.Shards == nil { // the first event may come after an interrupt
		if err := keep(t.from.Begun(a.now())); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "forwarding to %s; the place is kept in %s\n", withoutSecrets(target), path)
	store, left := query.New(s, a.now), a.leftOut()
	f := newForwarder(t.forwardTo, a.out)
	var failure error
	for arrival, err := range query.NewFollower(s, store, pollInterval).Follow(ctx, t.from) {
		switch {
		case err == nil && arrival.ErasedAt != 0:
			left.note(erased(arrival.Event))
		case err == nil:
			err = f.handOver(ctx, store, arrival.Event)
		}
		if query.IsLost(err) {
			left.note(err)
			err = nil
		}
		if err == nil {
			err = keep(arrival.Place)
		}
		if failure = err; failure != nil {
			break
		}
	}
	changes := "again"
	if t.since != "" {
		changes = "without --since" // it would begin there again
	}
	fmt.Fprintf(a.err, "to continue: the same command %s\n", changes)
	return failure
}

// handOver delivers an event's body.
func (f forwarder) handOver(ctx context.Context, store *query.Store, e event.Event) error {
	body, err := store.Payload(ctx, e)
	if err != nil {
		return fmt.Errorf("%s: %w", e.ID, err)
	}
	return f.deliver(ctx, e, body)
}

// withoutSecrets returns the scheme, host and path of a URL. The user, the query and the
// fragment may hold a password or a token.
func withoutSecrets(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// forwarder posts events to one URL.
type forwarder struct {
	client *http.Client
	url    string
	out    io.Writer
	first  time.Duration // pause before the second attempt
}

// newForwarder returns a forwarder that follows no redirect: it would become a GET without
// the body, and the answer to that would count.
func newForwarder(url string, out io.Writer) forwarder {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return forwarder{client: &http.Client{Timeout: forwardTimeout, CheckRedirect: stay}, url: url, out: out, first: firstPause}
}

// isTaken reports whether a status says that the server has the event.
func isTaken(status int) bool {
	switch {
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return false
	case status >= http.StatusBadRequest:
		return status < http.StatusInternalServerError
	}
	return status < http.StatusMultipleChoices
}

// deliver posts an event until the server takes it. It shows each answer.
func (f forwarder) deliver(ctx context.Context, e event.Event, body []byte) error {
	for pause := f.first; ; pause = min(2*pause, longestPause) {
		status, err := f.post(ctx, e, body)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		answer := strconv.Itoa(status)
		if err != nil {
			answer = err.Error()
		}
		taken := err == nil && isTaken(status)
		again := ""
		if !taken {
			again = fmt.Sprintf(", again in %s", pause)
		}
		fmt.Fprintln(f.out, output.Printable(fmt.Sprintf("%s %s: %s%s", e.ID, e.Type, answer, again)))
		if taken {
			return nil
		}
		if err := function.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// post sends an event once and returns the status.
func (f forwarder) post(ctx context.Context, e event.Event, body []byte) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{
		"Content-Type":             "application/json",
		"Paysluice-Event-Id":       e.ID,
		"Paysluice-Event-Type":     e.Type,
		"Paysluice-Event-Category": string(e.Category),
		"Paysluice-Event-Provider": e.Provider,
	} {
		request.Header.Set(name, output.Printable(value)) // net/http sends no header with a control character
	}
	response, err := f.client.Do(request)
	if failure, ok := errors.AsType[*url.Error](err); ok {
		failure.URL = withoutSecrets(request.URL)
	}
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // so that the connection is kept
	return response.StatusCode, err
}

// defaultPlace returns the file of the place of a stack and a URL, below the user's
// configuration.
func defaultPlace(stackID, url string) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usagef("%w: name a file with --place", err)
	}
	sum := sha256.Sum256([]byte(stackID + " " + url))
	return filepath.Join(dir, "paysluice", "tail-"+hex.EncodeToString(sum[:8])+".json"), nil
}

// keptTail is the place of a tail in a file. Files of older releases have no Stack.
type keptTail struct {
	Stack string `json:"stack,omitempty"` // its ARN
	query.Place
}

// errNoPlace reports a file that --since overwrites.
var errNoPlace = errors.New("is not the place of a tail")

// readPlace returns the place of a tail of a stack, the zero place without a file.
func readPlace(path, stackID string) (query.Place, error) {
	var kept keptTail
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return query.Place{}, nil
	}
	if err != nil {
		return query.Place{}, err
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return query.Place{}, fmt.Errorf("%s %w: delete it, and choose where to begin with --since: %w", path, errNoPlace, err)
	}
	if kept.Stack != "" && kept.Stack != stackID {
		return query.Place{}, usagef("%s is the place of a tail of another stack, %s: name another file with --place", path, kept.Stack)
	}
	return kept.Place, nil
}

// writePlace makes the folder of the file too.
func writePlace(path string, p keptTail) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, p)
}
