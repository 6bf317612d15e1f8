// Package console serves the pages of paysluice console on the operator's own
// machine. The pages are rendered on the server from the embedded templates, and read
// the stack through package query.
package console

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"iter"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

//go:embed templates static
var assets embed.FS

const (
	// readTimeout bounds what a page reads from AWS.
	readTimeout = 15 * time.Second
	// stopTimeout bounds how long open pages delay the end of the console.
	stopTimeout = 2 * time.Second
)

// Store is the subset of query.Store that the pages call.
type Store interface {
	Events(context.Context, query.Filter) iter.Seq2[event.Event, error]
	Window(query.Filter) (since, until time.Time)
	Event(context.Context, string) ([]event.Event, error)
	Payload(context.Context, event.Event) ([]byte, error)
	Timeline(context.Context, query.Filter) (query.Timeline, error)
}

// Monitor is the subset of query.Monitor that the pages call.
type Monitor interface {
	Counts(ctx context.Context, since, until time.Time, period time.Duration) ([]query.Count, error)
	QueueStates(context.Context) (query.QueueStates, error)
	Alarms(context.Context) ([]query.Alarm, error)
}

// Archive is the subset of failure.Archive that the pages call.
type Archive interface {
	List(context.Context, failure.Filter) iter.Seq2[failure.Failure, error]
	Search(ctx context.Context, eventID, after string, goOn func() bool) (found []failure.Failure, rest string, err error)
}

// Options configure a console.
type Options struct {
	Stack   *stack.Stack
	Store   Store
	Monitor Monitor
	Archive Archive
	Replays Replays
	Who     func(context.Context) (string, error) // ARN of the viewer
	// Trace follows an id through the stack.
	Trace   func(ctx context.Context, id string) (query.Trace, error)
	Examine func(context.Context) ([]doctor.Result, error) // checks the stack
	Log     io.Writer                                      // receives looks at bodies, sent webhooks and replays
	Links   io.Writer                                      // receives a new link when one is used twice
	// AllowReplay lets the pages start, resume and stop replays.
	AllowReplay bool
	// AllowSend lets the pages send webhooks to a test stack on AWS. They always can send to an
	// emulator's stack.
	AllowSend bool
	// Target returns how webhooks of a provider are sent to the stack, or an error that says why none can be.
	Target func(context.Context, contract.Provider) (webhook.Plan, error)
	Now    func() time.Time
	Zone   *time.Location // of the viewer, who sits at this machine
}

// Server serves the console of one stack.
type Server struct {
	Options
	guard    *guard
	listener net.Listener
	pages    map[string]*template.Template
	runner   runner
	outbox   outbox
	life     context.Context // of the console; replays end with it
	logging  sync.Mutex      // requests and replays log concurrently
}

// Listen returns a console that listens on 127.0.0.1. Port 0 chooses a free port.
func Listen(o Options, port int) (*Server, error) {
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("%w: choose another --port", err)
	}
	s := &Server{Options: o, listener: listener, pages: map[string]*template.Template{}, life: context.Background(),
		runner: runner{plans: map[string]replay.Plan{}, jobs: map[string]*job{}}, outbox: outbox{forms: map[string]*submission{}}}
	s.guard = newGuard(listener.Addr().(*net.TCPAddr).Port, func(link string) {
		s.log("that link was used before; the console prints a new one %s", linkPlace)
		fmt.Fprintln(s.Links, link)
	})
	layout, _ := template.New("layout").Funcs(s.functions()).ParseFS(assets, "templates/layout.html") // a test renders all
	names, _ := assets.ReadDir("templates")                                                           // embedded
	for _, entry := range names {
		page, _ := layout.Clone() // fails only after the first execution
		s.pages[strings.TrimSuffix(entry.Name(), ".html")], _ = page.ParseFS(assets, path.Join("templates", entry.Name()))
	}
	return s, nil
}

// Link returns a URL that opens the console once.
func (s *Server) Link() string { return s.guard.newLink() }

// Serve answers requests until the context ends. Then it stops the replays that run,
// and waits until they have recorded what they did and sent webhooks are answered.
func (s *Server) Serve(ctx context.Context) error {
	s.life = ctx
	defer s.runner.close()
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readTimeout, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return ctx }, ConnContext: checkPeer(socketTables()...),
	}
	ended := make(chan struct{})
	stopped := context.AfterFunc(ctx, func() {
		defer close(ended)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = server.Shutdown(late) // a page that is still open after that ends with the process
	})
	defer stopped()
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-ended // an open page may still start a replay
	return nil
}

// Handler returns the pages behind the guard.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, page := range map[string]func(*http.Request) (view, error){
		"GET /{$}":            s.overview,
		"GET /events":         s.events,
		"GET /event":          s.event,
		"GET /payment":        s.payment,
		"GET /search":         s.search,
		"GET /failures":       s.failures,
		"GET /replay":         s.showPlan,
		"POST /replay":        s.startReplay,
		"POST /replay/plan":   s.planShown,
		"POST /replay/stop":   s.stopReplay,
		"POST /replay/resume": s.resumeReplay,
		"GET /run":            s.showRun,
		"GET /doctor":         s.doctor,
		"GET /send":           s.send,
		"POST /send":          s.sendForm,
		"GET /sent":           s.sent,
		"GET /trace":          s.trace,
	} {
		mux.HandleFunc(pattern, s.serve(page))
	}
	mux.HandleFunc("GET /payload", s.payload)
	mux.HandleFunc("GET /static/{name}", static)
	mux.HandleFunc("/", s.serve(func(*http.Request) (view, error) { return view{}, errNoPage }))
	return s.guard.protect(mux, s.refuse)
}

// view is a page to render, or a redirect to another one.
type view struct {
	page   string // name of its template
	title  string
	data   any
	to     string // the URL of another page
	status int    // 0 for 200
}

// frame is the data of the layout, which surrounds a page.
type frame struct {
	Title, Page string
	Query       string // of the search
	Stack       *stack.Stack
	Data        any
}

// serve renders pages. Their failures are pages too.
func (s *Server) serve(page func(*http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
		defer cancel()
		ctx, calls := stack.CountCalls(ctx)
		v, err := page(r.WithContext(ctx))
		if err != nil {
			p := newProblem(err)
			v = view{page: "problem", title: p.Title, data: p, status: p.status()}
		}
		if v.to != "" {
			http.Redirect(w, r, v.to, http.StatusSeeOther)
			return
		}
		s.render(w, v, r.URL.Query().Get("q"), func() string {
			n, busy := calls.Sum()
			return fmt.Sprintf(`aws;dur=%.1f;desc="%d calls", own;dur=%.1f`, busy.Seconds()*1e3, n, (time.Since(begin)-busy).Seconds()*1e3)
		})
	}
}

// render writes a page. Characters that could disguise a text are shown as escapes.
// Server-Timing, which browsers show among a request's timings, tells how long AWS took.
func (s *Server) render(w http.ResponseWriter, v view, search string, timing func() string) {
	var page bytes.Buffer
	err := s.pages[v.page].ExecuteTemplate(&page, "layout", frame{v.title, v.page, search, s.Stack, v.data})
	if err != nil {
		s.log("page %s: %s", v.page, err)
		http.Error(w, "This page has a defect, which the console's terminal shows.", http.StatusInternalServerError)
		return
	}
	text := visible(page.Bytes())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Server-Timing", timing())
	if v.status != 0 {
		w.WriteHeader(v.status)
	}
	_, _ = w.Write(text) // the viewer may have left
}

// refuse answers a request that the guard stopped.
func (s *Server) refuse(w http.ResponseWriter, status int, why string) {
	var page bytes.Buffer
	_ = s.pages["refused"].ExecuteTemplate(&page, "refused", why) // a test renders it
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// static serves an embedded file. The names have no folder.
func static(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, assets, path.Join("static", path.Base(r.PathValue("name"))))
}

// log writes a line with the time to the console's log.
func (s *Server) log(format string, args ...any) {
	s.logging.Lock()
	defer s.logging.Unlock()
	fmt.Fprintf(s.Log, "%s %s\n", s.Now().In(s.Zone).Format(time.TimeOnly), visible([]byte(fmt.Sprintf(format, args...))))
}
