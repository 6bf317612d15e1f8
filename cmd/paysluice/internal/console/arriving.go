package console

import (
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

// intake says what the counts of the last hour tell about the requests.
type intake struct {
	accepted []string // for each provider
	refused  []string // of providers without an accepted request, or with a secret that cannot be used
	doubtful []string // of the others: requests that anybody can have sent
	none     []string // providers that have events, but sent nothing that counts
	stray    int      // rejected requests without a signature, of providers that have no other
}

func (d *overviewData) intake() intake {
	var in intake
	for _, row := range d.Providers {
		p := row.Provider
		accepted := d.count(p.Name, contract.MetricAccepted, contract.MetricQuarantined)
		if accepted > 0 {
			in.accepted = append(in.accepted, formatNumber(accepted)+" of "+p.Title)
		}
		fault, broken := d.fault(p.Name)
		switch {
		case fault != "" && accepted == 0:
			in.refused = append(in.refused, p.Title+": no request was accepted, "+fault)
		case broken:
			in.refused = append(in.refused, p.Title+": "+fault)
		case fault != "":
			in.doubtful = append(in.doubtful, p.Title+": "+fault)
		case accepted == 0:
			in.stray += d.count(p.Name, contract.MetricRejected)
			if row.Last() != nil {
				in.none = append(in.none, p.Title)
			}
		}
	}
	return in
}

// fault says how many requests with a signature were not accepted, "" without one. broken
// reports whether a secret could not be used. Anybody can cause the other faults: with another
// certificate, or a false signature.
func (d *overviewData) fault(provider string) (text string, broken bool) {
	unusable := d.count(provider, contract.MetricNotConfigured, contract.MetricSecretUnavailable)
	unavailable := unusable + d.count(provider, contract.MetricUndecided)
	// Unaccepted counts these two as well.
	rejected := d.count(provider, contract.MetricUnaccepted) - d.count(provider, contract.MetricNotConfigured, contract.MetricUndecided)
	var facts []string
	if unavailable > 0 {
		facts = append(facts, formatNumber(unavailable)+" answered 503")
	}
	if rejected > 0 {
		facts = append(facts, formatNumber(rejected)+" rejected as not authentic")
	}
	cause := ". A signing secret may be wrong."
	switch {
	case len(facts) == 0:
		return "", false
	case unavailable > 0:
		cause = ". A secret or a certificate is missing or wrong."
	}
	return strings.Join(facts, ", ") + cause, unusable > 0
}

// facts returns sentences about the requests.
func (in intake) facts() (facts []string) {
	if len(in.accepted)+len(in.refused) == 0 {
		facts = append(facts, "No request was accepted in the last hour.")
	}
	facts = append(facts, in.refused...)
	if len(in.accepted) > 0 {
		facts = append(facts, "Accepted in the last hour: "+strings.Join(in.accepted, ", ")+".")
		if len(in.none) > 0 {
			facts = append(facts, "None of "+strings.Join(in.none, ", ")+".")
		}
		return append(facts, in.doubtful...)
	}
	if in.stray > 0 {
		facts = append(facts, counted(in.stray, "request")+" without a signature: of strangers, or of paysluice doctor.")
	}
	return facts
}

// newest returns when the newest event was received and its provider, and whether there can
// be newer ones that could not be read.
func (d *overviewData) newest() (at time.Time, from string, unread bool) {
	for _, p := range d.Providers {
		unread = unread || p.Events.Problem != nil || p.Unreadable != nil
		if e := p.Last(); e != nil && time.UnixMilli(e.ReceivedAt).After(at) {
			at, from = time.UnixMilli(e.ReceivedAt), p.Provider.Title
		}
	}
	return at, from, unread
}

// arriving answers from the counts: a row can also be new because it was refilled from the
// provider's API.
func (d *overviewData) arriving() answer {
	a := answer{Question: "Do events arrive?", State: "unknown", Word: "Unknown"}
	var unread bool
	a.Received, a.From, unread = d.newest()
	in, known := d.intake(), !a.Received.IsZero()
	facts := in.facts()
	switch {
	case d.Recent.Problem != nil:
		facts = []string{"The counts could not be read."}
	case len(in.refused) > 0 && len(in.accepted) > 0:
		a.State, a.Word = "bad", "Not all"
	case len(in.refused) > 0:
		a.State, a.Word = "bad", "No"
	case len(in.accepted) > 0:
		a.State, a.Word = "good", "Yes"
	case known && d.At.Sub(a.Received) < query.CountLag:
		a.Word = "Perhaps"
		facts = append(facts, "The counts do not have the newest event yet, or it was read from the provider's API.")
	case known || unread:
		a.State, a.Word = "bad", "Quiet"
	default:
		a.Word = "None yet"
		if d.At.Sub(d.Created) > query.DefaultWindow {
			a.State, a.Word = "bad", "None"
		}
		facts = append(facts, "The table has no event of the last seven days.")
	}
	if !known && unread {
		facts = append(facts, "The events could not be read.")
	}
	a.Text, a.doubt = strings.Join(facts, " "), a.State == "bad" || len(in.doubtful) > 0
	return a
}
