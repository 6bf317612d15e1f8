package console

import (
	"errors"
	"net/http"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

// paymentData is the content of a payment's page.
type paymentData struct {
	query.Timeline
	Asked string       // id of the payment or object
	Shown []query.Step // the newest, at most maxRows
	// LeftOut names the first rows that are not events, at most maxRows.
	LeftOut []string
	// Providers is set if several have the id. The viewer chooses one.
	Providers []contract.Provider
	Command   string
}

// payment shows the events of a payment with running totals.
func (s *Server) payment(r *http.Request) (view, error) {
	provider := r.URL.Query().Get("provider")
	id, err := idOf(r, "payment")
	if err != nil {
		return view{}, err
	}
	data := paymentData{Asked: id, Command: "paysluice payment "}
	if provider != "" {
		data.Command += "--provider " + quote(provider) + " "
	}
	data.Command += "-- " + quote(id)
	timeline, err := s.Store.Timeline(r.Context(), query.Filter{Provider: provider, Payment: id, Limit: maxRows})
	switch {
	case errors.Is(err, query.ErrSeveral):
		data.Providers = providers()
	case err != nil:
		return view{}, err
	}
	data.Timeline, data.Shown = timeline, timeline.Steps[max(0, len(timeline.Steps)-maxRows):]
	data.LeftOut = timeline.Unreadable[:min(len(timeline.Unreadable), maxRows)]
	return view{page: "payment", title: id, data: data}, nil
}
