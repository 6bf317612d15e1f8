package square

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// paymentMember is the member of data.object that holds a payment.
const paymentMember = "payment"

// orderPrefix begins the members that have an order's id in order_id: order_created,
// order_updated and order_fulfillment_updated.
const orderPrefix = "order_"

// body is the part of a notification that is read. All of it but event_id and
// type is optional.
type body struct {
	EventID    decode.Member `json:"event_id"`
	Type       decode.Member `json:"type"`
	CreatedAt  decode.Member `json:"created_at"`
	MerchantID string        `json:"merchant_id"`
	LocationID string        `json:"location_id"`

	Data decode.Content[struct {
		Type string `json:"type"`
		ID   string `json:"id"`
		// Object has the object as its only member, mostly named as data.type. Other
		// names are documented: data.type "checkout.event" comes with "checkout",
		// "order" with "order_created". It has none in location.updated and deletions.
		Object decode.Members[object] `json:"object"`
	}] `json:"data"`
}

// object is the part of an object that is read, whatever its type.
type object struct {
	ID        string `json:"id"`
	DisputeID string `json:"dispute_id"` // the deprecated name of a dispute's id

	Status string `json:"status"`
	State  string `json:"state"` // disputes, orders

	TotalMoney  jsontext.Value `json:"total_money"`  // payments, tip included
	AmountMoney jsontext.Value `json:"amount_money"` // refunds, disputes, payouts

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
	id, typ, err := decode.Identify(b.EventID, b.Type, b.CreatedAt, &b.Data)
	if err != nil {
		return event.Event{}, err
	}
	name := contract.Square().Name
	member, o := b.Data.Value.Object.Find(b.Data.Value.Type)
	if strings.HasPrefix(member, orderPrefix) {
		o.ID = o.OrderID
	}
	category := p.rules.Category(typ, &o)
	var f decode.Fields
	e := event.Event{
		Schema:       event.Schema,
		ID:           event.NewID(name, id),
		Timestamp:    f.Timestamp(b.CreatedAt, b.CreatedAt.Time()),
		Provider:     name,
		Type:         typ,
		Category:     category,
		ObjectType:   f.Text("objectType", b.Data.Value.Type, member),
		ObjectID:     b.objectID(&f, "objectId", &o),
		ObjectStatus: f.Text("objectStatus", o.Status, o.State),
		PaymentID:    b.paymentID(&f, member, &o),
		Related:      b.related(&f, &o),
		Account:      f.Text("account", b.MerchantID),
		Endpoint:     origin.Endpoint,
		Livemode:     origin.Livemode,
		Money:        moneyOf(&f, category, &o),

		ContentSHA256: decode.ContentHash(raw, volatile()...),
	}
	e.Omitted = f.Omitted()
	return e, nil
}

// objectID returns the object's own id for a field. data.id comes last: some events
// append a version to it, and those about custom attributes name the application there.
func (b *body) objectID(f *decode.Fields, field string, o *object) string {
	return f.Text(field, o.ID, o.DisputeID, b.Data.Value.ID)
}

// paymentID returns the payment that the object is or belongs to. A terminal checkout
// with several payments has none of them.
func (b *body) paymentID(f *decode.Fields, member string, o *object) string {
	if member == paymentMember || b.Data.Value.Type == paymentMember {
		return b.objectID(f, "paymentId", o)
	}
	if o.PaymentIDs[1] != "" {
		f.Omit("paymentId")
		return ""
	}
	return f.Text("paymentId", o.PaymentIDs[0], o.PaymentID, o.DisputedPayment.PaymentID)
}

// related returns the ids that the object refers to, or nil if there are none.
func (b *body) related(f *decode.Fields, o *object) map[string]string {
	f.Relate("order", o.OrderID)
	f.Relate("customer", o.CustomerID, o.PrimaryRecipient.CustomerID)
	f.Relate("subscription", o.SubscriptionID)
	f.Relate("location", o.LocationID, b.LocationID)
	return f.Related()
}

// SameEvent implements provider.Provider. Subscriptions with other API versions
// get an event in other renderings, and no body names its version. So what
// this package reads of the two must be equal, ids where both name them.
func (Provider) SameEvent(stored, incoming event.Event) bool {
	return decode.SameContent(stored, incoming, volatile()...) ||
		stored.ObjectID != "" && decode.SameObject(stored, incoming) && stored.Account == incoming.Account &&
			stored.ObjectStatus == incoming.ObjectStatus && stored.PaymentID == incoming.PaymentID &&
			stored.Money == incoming.Money
}

// volatile returns the top-level members that are left out of an event's content
// hash. The sample of SearchEvents has created_at without the zone that webhooks have
// (square/connect-api-specification, api.json).
func volatile() []string { return []string{"created_at"} }
