// Package stripe takes in Stripe's webhooks: the Stripe-Signature header, the
// HMAC over the raw body, and the translation of an Event object, snapshot or
// thin, into an event.Event.
//
// The signature check is written here and not taken from stripe-go, which
// knows one secret a call, lets a stamp of tomorrow pass and refuses bodies of
// another API version; stripe-go is the oracle of this package's tests.
//
// Sources: docs.stripe.com/webhooks (signature), docs.stripe.com/api/events
// (snapshot events), docs.stripe.com/api/v2/core/events (thin events),
// docs.stripe.com/currencies (minor units).
package stripe
