package stripe

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// thinObject is the "object" of an event that comes without its resource
// (docs.stripe.com/api/v2/core/events/object).
const thinObject = "v2.core.event"

// Event implements provider.Provider. It fails only on a body without a
// readable type or with an id that cannot be a key.
func (Provider) Event(raw []byte, o provider.Origin) (event.Event, error) {
	var b body
	if err := decode.Body(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := decode.Identify(b.ID, b.Type, b.Created)
	if err != nil {
		return event.Event{}, err
	}
	name := contract.Stripe().Name
	e := event.Event{
		Schema:     event.Schema,
		ID:         event.NewID(name, id),
		Timestamp:  b.created(),
		Provider:   name,
		Type:       typ,
		Endpoint:   o.Endpoint,
		Livemode:   b.livemode(),
		APIVersion: decode.Clean(b.APIVersion),
	}
	if b.Object == thinObject {
		b.describeRelated(&e)
	} else {
		b.describeObject(&e)
	}
	return e, nil
}

// describeObject fills in what a snapshot event says of its object.
func (b *body) describeObject(e *event.Event) {
	o := &b.Data.Object
	e.Category = categoryOf(e.Type, o)
	e.ObjectType = decode.Clean(o.Object)
	e.ObjectID = decode.Clean(o.ID)
	e.ObjectStatus = decode.Clean(o.Status)
	e.PaymentID = o.paymentID()
	e.Related = o.related()
	e.Account = decode.Clean(b.Account)
	e.Money = moneyOf(e.Type, e.Category, o)
}

// describeRelated fills in what a thin event says of the object that it came
// without. Whether a charge belongs to a payment intent it does not say, so
// only a payment intent's own id is a payment.
func (b *body) describeRelated(e *event.Event) {
	e.Thin = true
	e.Category = thinCategoryOf(e.Type)
	e.ObjectType = decode.Clean(b.RelatedObject.Type)
	e.ObjectID = decode.Clean(b.RelatedObject.ID)
	if e.ObjectType == paymentIntentObject {
		e.PaymentID = e.ObjectID
	}
	e.Related = decode.Related(map[string]string{"snapshot_event": b.SnapshotEvent.id})
	e.Account = decode.Clean(b.Context)
}
