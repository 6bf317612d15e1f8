package square

import (
	"bytes"
	"reflect"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// SameEvent implements provider.Provider. Square tells deliveries apart in
// headers alone, so the bodies say the same; key order and white space say
// nothing, and numbers are compared as they are written.
func (Provider) SameEvent(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := decode.Object(a), decode.Object(b)
	return x != nil && y != nil && reflect.DeepEqual(x, y)
}
