package console

import (
	"net/http"
	"net/url"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// traceData is the path of an event or a request through the stack.
type traceData struct {
	query.Trace
	Command string
}

// Gap returns the time between a stage and the one before it.
func (traceData) Gap(s query.Stage) time.Duration {
	return time.Duration(s.GapMillis) * time.Millisecond
}

// Shown returns the stages of the page, the first maxRows. An event has as many as the
// provider makes attempts.
func (d traceData) Shown() []query.Stage { return d.Stages[:min(len(d.Stages), maxRows)] }

// trace shows the stages of an event, a request or a message, by its id.
func (s *Server) trace(r *http.Request) (view, error) {
	id, err := idOf(r, "event or request")
	if err != nil {
		return view{}, err
	}
	found, err := s.Trace(r.Context(), id)
	if err != nil {
		return view{}, err
	}
	return view{page: "trace", title: "Trace", data: traceData{found, "paysluice trace -- " + quote(id)}}, nil
}

func traceURL(id string) string { return "/trace?" + url.Values{"id": {id}}.Encode() }
