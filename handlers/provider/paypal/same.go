package paypal

import (
	"bytes"
	"reflect"

	"github.com/paysluice/paysluice/handlers/provider/envelope"
)

// SameEvent implements provider.Provider. An event that is sent again keeps its
// id, its time and its resource (developer.paypal.com/api/webhooks/v1, "Resend
// event notification"). Left out are the notification's own links, which say
// where to look it up and have been sent for api.paypal.com and
// api-m.paypal.com, with and without encType, and two members that the schema
// of a notification does not know: zts, a second time of sending, and
// transmissions, the record of deliveries. Key order and white space say
// nothing; numbers are compared as they are written.
func (Provider) SameEvent(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := envelope.Object(a), envelope.Object(b)
	if x == nil || y == nil {
		return false
	}
	for _, volatile := range []string{"links", "zts", "transmissions"} {
		delete(x, volatile)
		delete(y, volatile)
	}
	return reflect.DeepEqual(x, y)
}
