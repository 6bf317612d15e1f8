package square

import "encoding/base64"

// Sign is the value of the x-square-hmacsha256-signature header that Square
// would send with this body to that URL. It is for tests and for tools that
// play Square.
func Sign(body []byte, signatureKey, notificationURL string) string {
	return base64.StdEncoding.EncodeToString(mac(signatureKey, notificationURL, body))
}
