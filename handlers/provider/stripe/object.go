package stripe

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// Values of an object's "object" that decide something here.
const (
	paymentIntentObject = "payment_intent"
	chargeObject        = "charge"
	refundObject        = "refund"
	disputeObject       = "dispute"
	payoutObject        = "payout"
)

// object is what is read of data.object, whatever its type: the members that
// tell what it is, what it belongs to, in which state it is and what it moved.
type object struct {
	ID     string `json:"id"`
	Object string `json:"object"`

	Status        string         `json:"status"`
	PaymentStatus string         `json:"payment_status"` // checkout.session
	Captured      jsontext.Value `json:"captured"`       // charge

	Currency       string         `json:"currency"`
	Amount         jsontext.Value `json:"amount"`
	AmountReceived jsontext.Value `json:"amount_received"` // payment_intent
	AmountCaptured jsontext.Value `json:"amount_captured"` // charge

	PaymentIntent reference `json:"payment_intent"`
	Charge        reference `json:"charge"`
	LatestCharge  reference `json:"latest_charge"` // payment_intent
	Invoice       reference `json:"invoice"`
	Customer      reference `json:"customer"`
	Subscription  reference `json:"subscription"`
	Order         reference `json:"order"`

	// Payment is where an invoice_payment names what paid the invoice.
	Payment struct {
		PaymentIntent reference `json:"payment_intent"`
		Charge        reference `json:"charge"`
	} `json:"payment"`
	// Parent is where an invoice names its subscription since 2025-03-31.basil.
	Parent struct {
		SubscriptionDetails struct {
			Subscription reference `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"`
}

// paymentID is the payment intent that the object is or belongs to, or the
// charge if it names no payment intent.
func (o *object) paymentID() string {
	switch {
	case o.Object == paymentIntentObject:
		return decode.Clean(o.ID)
	case o.paymentIntent() != "":
		return o.paymentIntent()
	case o.Object == chargeObject:
		return decode.Clean(o.ID)
	}
	return o.charge()
}

func (o *object) paymentIntent() string {
	return first(o.PaymentIntent, o.Payment.PaymentIntent)
}

func (o *object) charge() string {
	return first(o.Charge, o.LatestCharge, o.Payment.Charge)
}

// related are the ids that the object refers to; nil when it refers to none.
func (o *object) related() map[string]string {
	return decode.Related(map[string]string{
		"payment_intent": o.paymentIntent(),
		"charge":         o.charge(),
		"invoice":        first(o.Invoice),
		"customer":       first(o.Customer),
		"subscription":   first(o.Subscription, o.Parent.SubscriptionDetails.Subscription),
		"order":          first(o.Order),
	})
}

// reference is an id, or the object of that id where Stripe was told to expand
// it (docs.stripe.com/api/expanding_objects).
type reference struct {
	id    string
	given bool // neither absent nor null
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom; what is neither an id nor an
// object with one is given, but has no id.
func (r *reference) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind := d.PeekKind()
	*r = reference{given: kind != 'n'}
	switch kind {
	case '"':
		return decode.Next(d, &r.id)
	case '{':
		var expanded struct {
			ID string `json:"id"`
		}
		err := decode.Next(d, &expanded)
		r.id = expanded.ID
		return err
	}
	return d.SkipValue()
}

// first is the id of the first reference that has one.
func first(references ...reference) string {
	for _, r := range references {
		if id := decode.Clean(r.id); id != "" {
			return id
		}
	}
	return ""
}
