package contract

// Provider describes a payment provider to the parts that do not verify its
// signatures: API paths, resource names, metric dimensions.
type Provider struct {
	// Name identifies the provider in event ids, resource names, metrics and the
	// PROVIDER variable: lower-case letters and digits.
	Name string
	// Title is the provider's name in logical ids, outputs and prose.
	Title string
	// Path is the path segment below the API's root that receives its webhooks.
	Path string
	// SignatureHeaders are the headers that every signed request has. The
	// authorizer rejects a request without one of them; case does not matter.
	// Empty for a provider that signs in the body.
	SignatureHeaders []string
	// UntrustedReason is the reason code of a webhook with a certificate of an untrusted
	// authority, if the certificate signed it or the secret lists the certificate; empty
	// without certificates.
	UntrustedReason string
	// Guarded reports whether the provider's signature fits several bodies. The
	// consumer then accepts one body for each signature, and one time for each event
	// id.
	Guarded bool
}

// HasCertificates reports whether the processor fetches certificates.
func (p Provider) HasCertificates() bool { return p.UntrustedReason != "" }

// StageName is the API's only stage, a part of its URLs. It needs no suffix, since the
// API has an id.
const StageName = "live"

// APIURL returns the URL of a provider's webhooks at the host name that an API with this
// id has in a region. It exists beside the one at a domain of the stack's own. dnsSuffix
// is that of AWS in the region.
func (p Provider) APIURL(api, region, dnsSuffix string) string {
	return "https://" + api + ".execute-api." + region + "." + dnsSuffix + "/" + StageName + "/" + p.Path
}

// Stripe returns the descriptor of Stripe, which signs in one header
// (docs.stripe.com/webhooks, "Verify webhook signatures manually").
func Stripe() Provider {
	return Provider{
		Name:             "stripe",
		Title:            "Stripe",
		Path:             "stripe",
		SignatureHeaders: []string{"Stripe-Signature"},
	}
}

// PayPal returns the descriptor of PayPal, which names its certificate in a
// header (developer.paypal.com/api/rest/webhooks/rest, "Message verification").
func PayPal() Provider {
	return Provider{
		Name:  "paypal",
		Title: "PayPal",
		Path:  "paypal",
		SignatureHeaders: []string{
			"PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME", "PAYPAL-TRANSMISSION-SIG",
			"PAYPAL-CERT-URL", "PAYPAL-AUTH-ALGO",
		},
		UntrustedReason: ReasonPayPalChain,
		Guarded:         true,
	}
}

// Square returns the descriptor of Square, which signs in one header and no
// time (developer.squareup.com/docs/webhooks/step3validate).
func Square() Provider {
	return Provider{
		Name:             "square",
		Title:            "Square",
		Path:             "square",
		SignatureHeaders: []string{"x-square-hmacsha256-signature"},
	}
}

// Providers returns the providers of the shipped stack, in the order of the
// template.
func Providers() []Provider {
	return []Provider{Stripe(), PayPal(), Square()}
}
