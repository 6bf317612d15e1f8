package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/event"
)

// watched is how long the page of a sent webhook looks for its event by itself.
const watched = 2 * time.Minute

func sentURL(token string) string { return "/sent?" + url.Values{"id": {token}}.Encode() }

// sentData is the data of the page of a sent webhook.
type sentData struct {
	webhook.Delivery
	At       time.Time
	What     string
	Wanted   webhook.Answer
	Word     string // of the status
	Active   bool   // whether the page looks again by itself
	Row      *event.Event
	Key      string // of the archived object
	Failures string // URL of the archive's group that has it
	Again    string // URL of the form
	Trace    string // URL of the path of event or request, "" if it is not known
	Problem  *problem
	Command  string
}

// sent shows the answer to a webhook, and what has become of it.
func (s *Server) sent(r *http.Request) (view, error) {
	l, _ := s.outbox.find(r.URL.Query().Get("id"))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() {
		return view{}, fmt.Errorf("%w: the console has sent no such webhook, or one before its last %d", query.ErrNotFound, maxForms)
	}
	err := l.plan.Look(r.Context(), &l.delivery)
	d := sentData{Delivery: l.delivery, At: l.at, What: l.what, Wanted: l.expected, Word: http.StatusText(l.delivery.Status), Command: l.command}
	form := url.Values{}
	for _, name := range []string{"provider", "type", "set", "tamper"} {
		if value := l.form.Get(name); value != "" {
			form.Set(name, value)
		}
	}
	d.Again = "/send?" + form.Encode()
	id := d.EventID
	if id == "" || d.Outcome == webhook.Rejected {
		id = d.RequestID
	}
	if id == d.EventID || s.Stack.AWS.Endpoint == "" { // an emulator logs another request id than it answers
		d.Trace = traceURL(id)
		d.Command += "\npaysluice trace -- " + quote(id)
	}
	d.Active = err == nil && d.Outcome == webhook.Pending && d.Event.ID != "" && s.Now().Sub(l.at) < watched
	reason := d.Reason
	switch d.Outcome {
	case webhook.Pending:
		reason = string(l.expected.Reason)
	case webhook.Archived:
		d.Key = event.Archived{Event: &d.Event}.Key()
	case webhook.Stored, webhook.Duplicate:
		var rows []event.Event
		if rows, err = s.Store.Event(r.Context(), d.Event.ID); err == nil {
			at := slices.IndexFunc(rows, func(e event.Event) bool { return e.Timestamp == d.Event.Timestamp })
			d.Row = &rows[max(at, 0)]
		}
	}
	d.Failures = "/failures?" + url.Values{"provider": {d.Event.Provider}, "reason": {reason}, "days": {"1"}}.Encode()
	if err != nil {
		d.Problem = newProblem(err)
	}
	return view{page: "sent", title: "Sent", data: d}, nil
}
