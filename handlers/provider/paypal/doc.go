// Package paypal takes in PayPal's webhooks: the PAYPAL-* headers, the RSA
// signature over a CRC of the raw body, the certificate behind it, and the
// translation of an event notification into an event.Event.
//
// PayPal is never asked whether a webhook is genuine: verification is offline,
// with the certificate that a header names. What is signed is the body's
// CRC-32 and not the body, so whoever holds one genuine transmission can make
// another body of the same CRC that passes under it. With the old event's id it
// conflicts with the old event, which the consumer notices; with a new id it is
// stored as a genuine event, which nothing here can notice (docs/events.md).
//
// Sources: developer.paypal.com/api/rest/webhooks/rest (signature), the schemas
// of github.com/paypal/paypal-rest-api-specifications (named by their files),
// and for the event types what testdata/event_types.txt lists.
package paypal
