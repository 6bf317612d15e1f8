package stripe

import (
	"cmp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

const (
	// thinObject is the "object" of an event that does not contain its resource
	// (docs.stripe.com/api/v2/core/events/object).
	thinObject = "v2.core.event"
	// thinPrefix begins the type of a snapshot event's thin twin.
	thinPrefix = "v1."

	// Values of an object's "object".
	paymentIntentObject = "payment_intent"
	chargeObject        = "charge"
	refundObject        = "refund"
	disputeObject       = "dispute"
	payoutObject        = "payout"
)

// body is the part of an Event object that is read. All of it but id and type is
// optional.
type body struct {
	ID         decode.Member  `json:"id"`
	Type       decode.Member  `json:"type"`
	Created    decode.Member  `json:"created"`
	Object     string         `json:"object"`
	APIVersion string         `json:"api_version"`
	Account    string         `json:"account"` // Connect
	UserID     string         `json:"user_id"` // Connect, before 2017
	Livemode   jsontext.Value `json:"livemode"`

	Data decode.Content[struct {
		Object object `json:"object"`
	}] `json:"data"`

	// Context is the path of accounts below an organisation (since 2025-04-30); thin
	// events have it in Connect too.
	Context string `json:"context"`

	// Of thin events only.
	SnapshotEvent reference `json:"snapshot_event"`
	RelatedObject struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"related_object"`
}

// object is the part of data.object that is read, whatever its type.
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
	// Charges is where a payment intent names its charge before 2022-11-15.
	Charges struct {
		Data decode.List[reference] `json:"data"`
	} `json:"charges"`
	Invoice  reference `json:"invoice"`
	Customer reference `json:"customer"`
	// CustomerAccount replaces Customer for an account of the Accounts v2 API.
	CustomerAccount reference `json:"customer_account"`
	Subscription    reference `json:"subscription"`
	Order           reference `json:"order"`

	// Payment is where an invoice_payment names the payment of the invoice.
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

// Event implements provider.Provider.
func (p Provider) Event(raw []byte, o provider.Origin) (event.Event, error) {
	var b body
	if err := decode.Body(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := decode.Identify(b.ID, b.Type, b.Created, &b.Data)
	if err != nil {
		return event.Event{}, err
	}
	name := contract.Stripe().Name
	var f decode.Fields
	e := event.Event{
		Schema:     event.Schema,
		ID:         event.NewID(name, id),
		Timestamp:  f.Timestamp(b.Created, cmp.Or(b.Created.Seconds(), b.Created.Time())), // thin events have text
		Provider:   name,
		Type:       typ,
		Account:    b.account(&f),
		Endpoint:   o.Endpoint,
		Livemode:   b.livemode(&f),
		APIVersion: f.Text("apiVersion", b.APIVersion),
	}
	if b.Object == decode.WrongType {
		f.Omit("thin")
	}
	if b.Object == thinObject {
		p.addReference(&f, &e, &b)
	} else {
		p.addObject(&f, &e, &b)
	}
	e.ContentSHA256 = decode.ContentHash(raw, volatile(e.Thin)...)
	e.Omitted = f.Omitted()
	return e, nil
}

// addObject adds the object of a snapshot event.
func (p Provider) addObject(f *decode.Fields, e *event.Event, b *body) {
	o := &b.Data.Value.Object
	e.Category = p.rules.Category(e.Type, o)
	e.ObjectType = f.Text("objectType", o.Object)
	e.ObjectID = f.Text("objectId", o.ID)
	e.ObjectStatus = f.Text("objectStatus", o.Status)
	e.PaymentID = o.paymentID(f)
	e.Related = o.related(f)
	e.Money = moneyOf(f, e.Type, e.Category, o)
}

// addReference adds the object that a thin event refers to. The event does not
// say whether a charge belongs to a payment intent, so only a payment intent's id
// becomes the payment.
func (p Provider) addReference(f *decode.Fields, e *event.Event, b *body) {
	e.Thin = true
	e.Category = p.rules.WithoutObject(strings.TrimPrefix(e.Type, thinPrefix))
	e.ObjectType = f.Text("objectType", b.RelatedObject.Type)
	e.ObjectID = f.Text("objectId", b.RelatedObject.ID)
	switch b.RelatedObject.Type {
	case paymentIntentObject:
		e.PaymentID = f.Text("paymentId", b.RelatedObject.ID)
	case decode.WrongType:
		f.Omit("paymentId")
	}
	f.Relate("snapshot_event", b.SnapshotEvent.ID)
	e.Related = f.Related()
}

// account returns the connected account, or the account below an organisation that
// the object belongs to: the last element of the context.
func (b *body) account(f *decode.Fields) string {
	return f.Text("account", b.Account, b.Context[strings.LastIndexByte(b.Context, '/')+1:], b.UserID)
}

// livemode returns nil unless the body says true or false.
func (b *body) livemode(f *decode.Fields) *bool {
	switch string(b.Livemode) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	case "", "null":
	default:
		f.Omit("livemode")
	}
	return nil
}

// paymentID returns the payment intent that the object is or belongs to, or the
// charge if the object names no payment intent.
func (o *object) paymentID(f *decode.Fields) string {
	var own string
	switch o.Object {
	case paymentIntentObject:
		return f.Text("paymentId", o.ID)
	case chargeObject:
		own = o.ID
	case decode.WrongType:
		own = o.Object
	}
	return f.Text("paymentId", o.PaymentIntent.ID, o.Payment.PaymentIntent.ID, own,
		o.Charge.ID, o.LatestCharge.ID, o.Payment.Charge.ID, o.Charges.Data[0].ID)
}

// related returns the ids that the object refers to, or nil if there are none.
func (o *object) related(f *decode.Fields) map[string]string {
	f.Relate("payment_intent", o.PaymentIntent.ID, o.Payment.PaymentIntent.ID)
	f.Relate("charge", o.Charge.ID, o.LatestCharge.ID, o.Payment.Charge.ID, o.Charges.Data[0].ID)
	f.Relate("invoice", o.Invoice.ID)
	f.Relate("customer", o.Customer.ID, o.CustomerAccount.ID)
	f.Relate("subscription", o.Subscription.ID, o.Parent.SubscriptionDetails.Subscription.ID)
	f.Relate("order", o.Order.ID)
	return f.Related()
}

// reference is an id, or the object of that id where the endpoint expands it
// (docs.stripe.com/api/expanding_objects).
type reference struct {
	ID    string
	given bool // neither absent nor null
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (r *reference) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	kind := d.PeekKind()
	*r = reference{given: kind != 'n'}
	switch kind {
	case '"':
		return decode.Next(d, &r.ID)
	case '{':
		var expanded struct {
			ID string `json:"id"`
		}
		err := decode.Next(d, &expanded)
		r.ID = expanded.ID
		return err
	case 'n':
	default:
		r.ID = decode.WrongType
	}
	return d.SkipValue()
}

// SameEvent implements provider.Provider. One event's deliveries differ in
// pending_webhooks. Two endpoints of one event differ in account or context,
// which only one of them may name. They differ in everything when they have other
// API versions, because each renders the event anew; then the type, the mode and
// the object must be equal, and amounts and related ids where both name them.
func (Provider) SameEvent(stored, incoming event.Event) bool {
	switch {
	case stored.Thin != incoming.Thin, !decode.Agree(stored.Account, incoming.Account):
		return false
	case stored.APIVersion == incoming.APIVersion, stored.APIVersion == "", incoming.APIVersion == "":
		return decode.SameContent(stored, incoming, volatile(stored.Thin)...)
	}
	return decode.SameObject(stored, incoming) &&
		decode.Agree(stored.Amount, incoming.Amount) && decode.Agree(stored.Currency, incoming.Currency)
}

// volatile returns the top-level members that are left out of an event's content
// hash. account, context and user_id are compared as fields. Thin events have data and
// changes only when they are fetched from the API
// (docs.stripe.com/event-destinations, "Processing the event notification").
func volatile(thin bool) []string {
	names := []string{"pending_webhooks", "account", "context", "user_id"}
	if thin {
		names = append(names, "data", "changes")
	}
	return names
}
