package main

import (
	"crypto/rand"
	_ "embed"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

//go:embed payment_intent.succeeded.json
var paymentSucceeded string

// delivery is one delivery of a Stripe event.
type delivery struct {
	eventID string
	created time.Time
	// pending is pending_webhooks, in which deliveries of one event differ.
	pending int
}

// body is the delivery's JSON.
func (d delivery) body() []byte {
	return []byte(os.Expand(paymentSucceeded, func(name string) string {
		return map[string]string{
			"EVENT_ID": d.eventID,
			"CREATED":  strconv.FormatInt(d.created.Unix(), 10),
			"PENDING":  strconv.Itoa(d.pending),
		}[name]
	}))
}

// signed is what Stripe sends along with a body.
func signed(body []byte, secret string, at time.Time) http.Header {
	header := unsigned()
	header.Set(contract.Stripe().IdentityHeaders[0], stripe.Sign(body, secret, at))
	return header
}

func unsigned() http.Header {
	return http.Header{
		"Content-Type": {"application/json; charset=utf-8"},
		"User-Agent":   {"Stripe/1.0 (+https://stripe.com/docs/webhooks)"},
	}
}

func newEventID() string { return "evt_" + rand.Text()[:24] }

// newSecret looks like one of Stripe's endpoint secrets.
func newSecret() string { return "whsec_" + rand.Text() + rand.Text()[:6] }

// secretDocument is the content of the stack's secret for Stripe.
type secretDocument struct {
	Endpoints []endpoint `json:"endpoints"`
}

type endpoint struct {
	Label  string `json:"label"`
	Secret string `json:"secret"`
}
