// Package square takes in Square's webhooks: the HMAC over notification URL and
// raw body, and the translation of the body into an event.Event.
//
// Square signs no time, and no header but the signature is signed. So gate 1
// knows no window, the environment is what the secret's entry says, and an
// event has no apiVersion: Square names it in the square-version header alone,
// which anybody on the way could have written. A replay is recognised by its
// event_id; the entry's maxAgeHours bounds it besides.
//
// The signature check is written here and not taken from square-go-sdk, which
// lets every empty body pass; that SDK is the oracle of this package's tests.
//
// Sources: developer.squareup.com/docs/webhooks/step3validate (signature),
// developer.squareup.com/reference/square/webhooks (bodies, as the OpenAPI
// document of github.com/square/connect-api-specification has them),
// developer.squareup.com/docs/build-basics/working-with-monetary-amounts.
package square
