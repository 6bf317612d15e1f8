package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
)

// searchedData has the archived messages of a payment that a search found, beside the events with the id.
type searchedData struct {
	Asked    string // as it was searched for
	Payment  string // without a provider
	Messages []failure.Failure
	Read     int
	Cold     int    // messages in Glacier, which do not tell their payment
	From, To string // days: the search began after From and ended with To, "" for the archive's ends
	Of       string // provider of the last message that was read
	Rest     string // URL of the search after To
	Trace    string
	Command  string
}

// searchArchive shows what the archive has with an id that the table does not have: an event, otherwise
// the messages of a payment or object. ids begins with what was searched for.
func (s *Server) searchArchive(r *http.Request, ids []string, payment string) (view, error) {
	form, begin := r.URL.Query(), s.Now()
	goOn := func() bool { return s.Now().Sub(begin) < searchTime }
	if !form.Has("payment") {
		v, err := s.archived(r.Context(), ids, form.Get("after"), goOn)
		if err != nil || v.page != "" {
			return v, err
		}
	}
	data := searchedData{Asked: ids[0], Payment: payment, From: dayOf(form.Get("payment")), Trace: traceURL(ids[0])}
	filter := failure.Filter{After: form.Get("payment"), Limit: countedFailures}
	data.Command = "paysluice failures list"
	if data.Asked != payment {
		filter.Provider, _, _ = strings.Cut(data.Asked, ":")
		data.Command += " --provider " + filter.Provider
	}
	data.Command += " --payment " + quote(payment)
	if err := s.readPayment(r.Context(), &data, filter, goOn); err != nil {
		return view{}, err
	}
	v := view{page: "searched", title: data.Asked, data: &data}
	if len(data.Messages) == 0 && data.Rest == "" {
		v.title, v.status = "Not found", http.StatusNotFound
		data.Command += "\npaysluice trace -- " + quote(data.Asked)
	}
	return v, nil
}

// readPayment adds the messages of a payment or object. It reads those that a filter selects until goOn
// returns false, the page is full or the filter's limit is reached.
func (s *Server) readPayment(ctx context.Context, data *searchedData, all failure.Filter, goOn func() bool) error {
	wanted := failure.Filter{Payment: data.Payment}
	for m, err := range s.Archive.List(ctx, all) {
		if err != nil {
			return err
		}
		data.Read, data.Of = data.Read+1, m.Provider
		switch {
		case m.Storage != failure.Readable:
			data.Cold++
		case wanted.Matches(m):
			m.Message, m.Payload = nil, nil // a page of them can have some MB
			data.Messages = append(data.Messages, m)
		}
		if data.Read == all.Limit || len(data.Messages) == shownFailures || !goOn() {
			data.To, data.Rest = dayOf(m.Key), "/search?"+url.Values{"q": {data.Asked}, "payment": {m.Key}}.Encode()
			return nil
		}
	}
	return nil
}
