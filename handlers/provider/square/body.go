package square

import (
	"cmp"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// paymentType is the data.type of events about a payment.
const paymentType = "payment"

// body is what is read of a notification. Everything but event_id and type is
// optional (see package envelope); of an optional member that stands twice the
// last counts, as always in encoding/json.
type body struct {
	EventID    decode.Member `json:"event_id"`
	Type       decode.Member `json:"type"`
	CreatedAt  decode.Member `json:"created_at"`
	MerchantID string        `json:"merchant_id"`
	LocationID string        `json:"location_id"`

	Data struct {
		Type string `json:"type"`
		ID   string `json:"id"`
		// Object holds the object under the name of its type.
		Object decode.Members[object] `json:"object"`
	} `json:"data"`
}

// object is what is read of the object, whatever its type: the members that
// tell what it is, what it belongs to, in which state it is and what it moved.
type object struct {
	ID        string `json:"id"`
	DisputeID string `json:"dispute_id"` // the deprecated name of id in disputes

	Status       string `json:"status"`
	State        string `json:"state"`         // disputes, orders
	CancelReason string `json:"cancel_reason"` // terminal checkouts

	TotalMoney  money `json:"total_money"`  // payments, tip included
	AmountMoney money `json:"amount_money"` // refunds, disputes, payouts

	PaymentID       string              `json:"payment_id"`  // refunds
	PaymentIDs      decode.List[string] `json:"payment_ids"` // terminal checkouts
	DisputedPayment struct {
		PaymentID string `json:"payment_id"`
	} `json:"disputed_payment"`

	OrderID          string `json:"order_id"`
	CustomerID       string `json:"customer_id"`
	SubscriptionID   string `json:"subscription_id"`
	LocationID       string `json:"location_id"`
	PrimaryRecipient struct {
		CustomerID string `json:"customer_id"`
	} `json:"primary_recipient"` // invoices
}

// object is the object that came; all empty when none did, as with
// location.updated and whatever was deleted.
func (b *body) object() *object {
	o := b.Data.Object.Named(b.Data.Type)
	return &o
}

// objectID is the object's own id: data.id has a version behind it in some
// events, and names the application in those about custom attributes.
func (b *body) objectID(o *object) string {
	return cmp.Or(decode.Clean(o.ID), decode.Clean(o.DisputeID), decode.Clean(b.Data.ID))
}

// paymentID is the payment that the object is or belongs to.
func (b *body) paymentID(o *object) string {
	if b.Data.Type == paymentType {
		return b.objectID(o)
	}
	var only string
	if o.PaymentIDs[1] == "" {
		only = o.PaymentIDs[0]
	}
	return cmp.Or(decode.Clean(only), decode.Clean(o.PaymentID), decode.Clean(o.DisputedPayment.PaymentID))
}

// related are the ids that the object refers to; nil when it refers to none.
func (b *body) related(o *object) map[string]string {
	return decode.Related(map[string]string{
		"order":        o.OrderID,
		"customer":     cmp.Or(o.CustomerID, o.PrimaryRecipient.CustomerID),
		"subscription": o.SubscriptionID,
		"location":     cmp.Or(o.LocationID, b.LocationID),
	})
}
