package query

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Filter selects events. Empty fields select all.
type Filter struct {
	Provider string
	Type     string // in the provider's vocabulary
	Category event.Category
	// Payment is a payment's id, or the id of an object without a payment.
	Payment  string
	Account  string
	Endpoint string // label of the secret's entry
	Livemode *bool
	// Since and Until bound the provider's time, Until exclusively. Without Since,
	// events go back DefaultWindow, and not further than LongestRetry before the
	// stack was created. Without Until, they end with EndOfDay.
	Since, Until time.Time
	// ReceivedSince and ReceivedUntil bound the receipt by the stack, the second exclusively.
	// With the first, Since is LongestResend before it by default.
	ReceivedSince, ReceivedUntil time.Time
	// Continued says that Until is a place in a list. Then the events without a time that
	// were received on its day follow, also those received after it.
	Continued bool
	// Limit ends the sequence after that many events, 0 for no limit.
	Limit int
}

const (
	// DefaultWindow is how far a listing goes back without Since. A day costs 16
	// queries for each provider even if it has no event.
	DefaultWindow = 7 * 24 * time.Hour
	// LongestRetry is how long the providers retry a delivery: three days each
	// (docs/events.md).
	LongestRetry = 3 * 24 * time.Hour
	// LongestResend is how old an event can be when a person resends it (Stripe, "Manually
	// resend an event").
	LongestResend = 30 * 24 * time.Hour
)

// providers returns the names of the providers that the filter selects.
func (f Filter) providers() []string {
	if f.Provider != "" {
		return []string{f.Provider}
	}
	var names []string
	for _, p := range contract.Providers() {
		names = append(names, p.Name)
	}
	return names
}

// expression is a DynamoDB expression with its names and values.
type expression struct {
	terms  []string
	names  map[string]string
	values map[string]types.AttributeValue
}

func newExpression() *expression {
	return &expression{names: map[string]string{}, values: map[string]types.AttributeValue{}}
}

// add appends a term in which # and : precede the attribute and its value. Names
// such as type and timestamp are reserved words.
func (e *expression) add(attribute, operator string, value types.AttributeValue) {
	e.names["#"+attribute] = attribute
	place := ":" + attribute + strings.Repeat("_", len(e.values))
	e.values[place] = value
	e.terms = append(e.terms, "#"+attribute+" "+operator+" "+place)
}

// between appends a term for a range that includes its bounds.
func (e *expression) between(attribute string, from, to types.AttributeValue) {
	e.names["#"+attribute] = attribute
	e.values[":from"], e.values[":to"] = from, to
	e.terms = append(e.terms, "#"+attribute+" BETWEEN :from AND :to")
}

// text returns the terms joined by AND, nil without one.
func (e *expression) text() *string {
	if len(e.terms) == 0 {
		return nil
	}
	return new(strings.Join(e.terms, " AND "))
}

// conditions returns the filter on attributes that both indexes project, besides
// keys.
func (f Filter) conditions() *expression {
	e := newExpression()
	for _, c := range []struct{ attribute, value string }{
		{"type", f.Type}, {"category", string(f.Category)}, {"account", f.Account}, {"endpoint", f.Endpoint},
	} {
		if c.value != "" {
			e.add(c.attribute, "=", &types.AttributeValueMemberS{Value: c.value})
		}
	}
	if f.Livemode != nil {
		e.add("livemode", "=", &types.AttributeValueMemberBOOL{Value: *f.Livemode})
	}
	if !f.ReceivedSince.IsZero() {
		e.add("receivedAt", ">=", number(f.ReceivedSince.UnixMilli()))
	}
	if !f.ReceivedUntil.IsZero() {
		e.add("receivedAt", "<", number(f.ReceivedUntil.UnixMilli()))
	}
	return e
}
