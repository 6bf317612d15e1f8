package stripe

import (
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// example is what belongs into a secret that was never filled.
const example = `{"endpoints":[{"label":"…","secret":"whsec_…"}]}`

// endpoint is one entry of the secret document: a webhook endpoint's signing
// secret and the name that the operator gave it.
type endpoint struct {
	Label  string `json:"label"`
	Secret string `json:"secret"`
}

// parseSecret reads the secret document.
func parseSecret(text []byte) ([]endpoint, error) {
	var content struct {
		Endpoints []endpoint `json:"endpoints"`
	}
	if err := decode.Secret(text, example, &content); err != nil {
		return nil, err
	}
	return content.Endpoints, decode.CheckEntries("endpoints", content.Endpoints, endpoint.problems)
}

// problems asks for no prefix of the secret: those in the tests of Stripe's own
// libraries have none.
func (e endpoint) problems() []string {
	return []string{decode.CheckLabel(e.Label), decode.CheckText("secret", e.Secret)}
}
