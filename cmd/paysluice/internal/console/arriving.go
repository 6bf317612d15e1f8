package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

// intake says what the counts of the last hour tell about the requests.
type intake struct {
	accepted []string // for each provider
	unstored []string // signed messages that are no event that can be stored
	refused  []string // of providers without a genuine request, or with a secret that cannot be used
	doubtful []string // of the others: requests that were answered 503
	rejected []string // of the others: requests that anybody can have sent
	many     bool     // whether those of a provider are more than a few
	none     []string // providers that have events, but sent nothing that counts
	stray    int      // rejected requests without a signature, of providers that have no other
}

func (d *overviewData) intake() intake {
	var in intake
	for _, row := range d.Providers {
		p := row.Provider
		say := func(to *[]string, n int) {
			if n > 0 {
				*to = append(*to, formatNumber(n)+" of "+p.Title)
			}
		}
		accepted, unstored := d.count(p.Name, contract.MetricAccepted), d.count(p.Name, contract.MetricQuarantined)
		say(&in.accepted, accepted)
		say(&in.unstored, unstored)
		f, genuine := d.fault(p.Name), accepted+unstored
		switch {
		case f.unavailable+f.rejected > 0 && genuine == 0:
			in.refused = append(in.refused, p.Title+": no request was accepted, "+f.text())
		case f.unusable > 0:
			in.refused = append(in.refused, p.Title+": "+f.text())
		case f.unavailable > 0:
			in.doubtful = append(in.doubtful, p.Title+": "+f.text())
		case f.rejected > 0:
			say(&in.rejected, f.rejected)
			in.many = in.many || f.rejected > max(1, genuine/10)
		case genuine == 0:
			in.stray += d.count(p.Name, contract.MetricRejected)
			if row.Last() != nil {
				in.none = append(in.none, p.Title)
			}
		}
	}
	return in
}

// fault counts a provider's requests with a signature that were not accepted. Anybody can cause
// those that are not unusable: with another certificate, or a false signature.
type fault struct {
	unusable    int // a secret could not be used
	unavailable int // answered 503, the unusable ones among them
	rejected    int // as not authentic
}

func (d *overviewData) fault(provider string) fault {
	var f fault
	f.unusable = d.count(provider, contract.MetricNotConfigured, contract.MetricSecretUnavailable)
	f.unavailable = f.unusable + d.count(provider, contract.MetricUndecided)
	// Unaccepted counts these two as well.
	f.rejected = d.count(provider, contract.MetricUnaccepted) - d.count(provider, contract.MetricNotConfigured, contract.MetricUndecided)
	return f
}

// text says how many requests failed and what can be the cause, if no other request shows that
// the secret is right.
func (f fault) text() string {
	var facts []string
	if f.unavailable > 0 {
		facts = append(facts, formatNumber(f.unavailable)+" answered 503")
	}
	if f.rejected > 0 {
		facts = append(facts, formatNumber(f.rejected)+" rejected as not authentic")
	}
	cause := ". A signing secret may be wrong."
	if f.unavailable > 0 {
		cause = ". A secret or a certificate is missing or wrong."
	}
	return strings.Join(facts, ", ") + cause
}

// arrives reports whether a request was genuine.
func (in intake) arrives() bool { return len(in.accepted)+len(in.unstored) > 0 }

// facts returns sentences about the requests.
func (in intake) facts() (facts []string) {
	say := func(format string, numbers []string) {
		if len(numbers) > 0 {
			facts = append(facts, fmt.Sprintf(format, strings.Join(numbers, ", ")))
		}
	}
	if !in.arrives() && len(in.refused) == 0 {
		facts = append(facts, "No request was accepted in the last hour.")
	}
	facts = append(facts, in.refused...)
	say("Accepted in the last hour: %s.", in.accepted)
	say("Signed, but no event that can be stored: %s.", in.unstored)
	if in.arrives() {
		say("None of %s.", in.none)
	} else if in.stray > 0 {
		facts = append(facts, counted(in.stray, "request")+" without a signature: of strangers, or of paysluice doctor.")
	}
	facts = append(facts, in.doubtful...)
	say("Rejected as not authentic: %s. The command below can name the causes.", in.rejected)
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
	case len(in.refused) > 0 && in.arrives():
		a.State, a.Word = "bad", "Not all"
	case len(in.refused) > 0:
		a.State, a.Word = "bad", "No"
	case in.arrives():
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
	a.Text, a.doubt = strings.Join(facts, " "), a.State == "bad" || len(in.doubtful) > 0 || in.many
	return a
}
