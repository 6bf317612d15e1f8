package stripe

import (
	"encoding/hex"
	"strconv"
	"time"
)

// Sign is the value of the Stripe-Signature header that Stripe would send with
// this body at that time. It is for tests and for tools that play Stripe.
func Sign(body []byte, secret string, at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac(secret, stamp, body))
}
