package stripe

import (
	"bytes"
	"reflect"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// SameEvent implements provider.Provider. Two deliveries of one event may
// differ in pending_webhooks, and wholly when two endpoints ask for other API
// versions: the same event, rendered twice. Key order and white space say
// nothing; numbers are compared as they are written.
func (Provider) SameEvent(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := decode.Object(a), decode.Object(b)
	if x == nil || y == nil {
		return false
	}
	if otherVersion(x["api_version"], y["api_version"]) {
		return true
	}
	delete(x, "pending_webhooks")
	delete(y, "pending_webhooks")
	return reflect.DeepEqual(x, y)
}

// otherVersion reports whether both bodies name an API version, and not the
// same one. Thin events name none.
func otherVersion(a, b any) bool {
	x, _ := a.(string)
	y, _ := b.(string)
	return x != "" && y != "" && x != y
}
