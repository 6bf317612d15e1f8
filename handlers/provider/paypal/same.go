package paypal

import (
	"bytes"
	"reflect"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// SameEvent implements provider.Provider. No document that could be read says
// what a second delivery of one event may change, so little is left out: the
// notification's own links, which say where to look it up and not what
// happened (samples differ in host and encType), and zts, a time that samples
// carry and the schema does not know ("event" in notifications_webhooks_v1.json).
// Key order and white space say nothing; numbers are compared as they are
// written.
func (Provider) SameEvent(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := decode.Object(a), decode.Object(b)
	if x == nil || y == nil {
		return false
	}
	for _, volatile := range []string{"links", "zts"} {
		delete(x, volatile)
		delete(y, volatile)
	}
	return reflect.DeepEqual(x, y)
}
