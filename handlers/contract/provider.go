package contract

// Provider describes a payment provider to everything that needs to know that
// it exists but not how it signs: the API's paths, the resources' names, the
// metrics' dimensions.
type Provider struct {
	// Name is the provider in event ids, resource names, metrics and the
	// PROVIDER variable: lower-case letters and digits.
	Name string
	// Title is the provider in logical ids, outputs and prose.
	Title string
	// Path is the one path segment below the API's root that takes its POSTs.
	Path string
	// IdentityHeaders are the headers without which a request cannot carry a
	// valid signature, in the provider's own spelling. API Gateway answers
	// 401 when one is missing (AWS::ApiGateway::Authorizer IdentitySource).
	IdentityHeaders []string
	// UntrustedReason is the reason code of a webhook whose certificate is of an
	// authority that is not trusted; empty for a provider without certificates.
	UntrustedReason string
}

// Stripe signs one header (docs.stripe.com/webhooks, "Verify webhook
// signatures manually").
func Stripe() Provider {
	return Provider{
		Name:            "stripe",
		Title:           "Stripe",
		Path:            "stripe",
		IdentityHeaders: []string{"Stripe-Signature"},
	}
}

// PayPal signs with a certificate that it names in a header
// (developer.paypal.com/api/rest/webhooks/rest, "Message verification").
func PayPal() Provider {
	return Provider{
		Name:  "paypal",
		Title: "PayPal",
		Path:  "paypal",
		IdentityHeaders: []string{
			"PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME", "PAYPAL-TRANSMISSION-SIG",
			"PAYPAL-CERT-URL", "PAYPAL-AUTH-ALGO",
		},
		UntrustedReason: ReasonPayPalChain,
	}
}

// Square signs one header, and no time
// (developer.squareup.com/docs/webhooks/step3validate).
func Square() Provider {
	return Provider{
		Name:            "square",
		Title:           "Square",
		Path:            "square",
		IdentityHeaders: []string{"x-square-hmacsha256-signature"},
	}
}

// Providers are all providers of the shipped stack, in the order in which the
// template lists them.
func Providers() []Provider {
	return []Provider{Stripe(), PayPal(), Square()}
}
