package square

import (
	"cmp"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// paymentType is the data.type of events about a payment.
const paymentType = "payment"

// body is the part of a notification that is read. All of it but event_id and
// type is optional.
type body struct {
	EventID    decode.Member `json:"event_id"`
	Type       decode.Member `json:"type"`
	CreatedAt  decode.Member `json:"created_at"`
	MerchantID string        `json:"merchant_id"`
	LocationID string        `json:"location_id"`

	Data struct {
		Type string `json:"type"`
		ID   string `json:"id"`
		// Object has the object under the name of its type.
		Object decode.Members[object] `json:"object"`
	} `json:"data"`
}

// object is the part of an object that is read, whatever its type.
type object struct {
	ID        string `json:"id"`
	DisputeID string `json:"dispute_id"` // the deprecated name of a dispute's id

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

// Event implements provider.Provider.
func (p Provider) Event(raw []byte, origin provider.Origin) (event.Event, error) {
	var b body
	if err := decode.Body(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := decode.Identify(b.EventID, b.Type, b.CreatedAt)
	if err != nil {
		return event.Event{}, err
	}
	name := contract.Square().Name
	// Empty where no object came, as with location.updated and deletions.
	o := b.Data.Object.Named(b.Data.Type)
	category := p.rules.Category(typ, &o)
	return event.Event{
		Schema:       event.Schema,
		ID:           event.NewID(name, id),
		Timestamp:    b.CreatedAt.RFC3339(),
		Provider:     name,
		Type:         typ,
		Category:     category,
		ObjectType:   decode.Clean(b.Data.Type),
		ObjectID:     b.objectID(&o),
		ObjectStatus: cmp.Or(decode.Clean(o.Status), decode.Clean(o.State)),
		PaymentID:    b.paymentID(&o),
		Related:      b.related(&o),
		Account:      decode.Clean(b.MerchantID),
		Endpoint:     origin.Endpoint,
		Livemode:     origin.Livemode,
		Money:        moneyOf(category, &o),

		ContentSHA256: decode.ContentHash(raw),
	}, nil
}

// objectID returns the object's own id. data.id comes last: some events append a
// version to it, and those about custom attributes name the application there.
func (b *body) objectID(o *object) string {
	return cmp.Or(decode.Clean(o.ID), decode.Clean(o.DisputeID), decode.Clean(b.Data.ID))
}

// paymentID returns the payment that the object is or belongs to.
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

// related returns the ids that the object refers to, or nil if there are none.
func (b *body) related(o *object) map[string]string {
	return decode.Related(map[string]string{
		"order":        o.OrderID,
		"customer":     cmp.Or(o.CustomerID, o.PrimaryRecipient.CustomerID),
		"subscription": o.SubscriptionID,
		"location":     cmp.Or(o.LocationID, b.LocationID),
	})
}

// SameEvent implements provider.Provider. Subscriptions with other API versions
// get an event in other renderings, and no body names its version. So what
// this package reads of the two must be equal, ids where both name them.
func (Provider) SameEvent(stored, incoming event.Event) bool {
	return decode.SameContent(stored, incoming) ||
		stored.ObjectID != "" && decode.SameObject(stored, incoming) && stored.Account == incoming.Account &&
			stored.ObjectStatus == incoming.ObjectStatus && stored.PaymentID == incoming.PaymentID &&
			stored.Money == incoming.Money
}
