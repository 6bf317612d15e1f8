package event

// Money is an exact amount.
type Money struct {
	// Amount is a positive decimal in major units: "12.50", "1000", "0.001".
	Amount string `json:"amount,omitempty"`
	// Currency is an ISO 4217 code in upper case.
	Currency string `json:"currency,omitempty"`
}
