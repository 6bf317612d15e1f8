package stripe

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/envelope"
)

// thinObject is the "object" of an event that comes without its resource
// (docs.stripe.com/api/v2/core/events/object).
const thinObject = "v2.core.event"

// Event implements provider.Provider. It fails only on a body without a
// readable type or with an id that cannot be a key.
func (p Provider) Event(raw []byte, o provider.Origin) (event.Event, error) {
	var b body
	if err := p.bodies.Read(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := envelope.Identify(b.ID, b.Type, b.Created)
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
		APIVersion: envelope.Clean(b.APIVersion),
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
	e.ObjectType = envelope.Clean(o.Object)
	e.ObjectID = envelope.Clean(o.ID)
	e.ObjectStatus = envelope.Clean(o.Status)
	e.PaymentID = o.paymentID()
	e.Related = o.related()
	e.Account = envelope.Clean(b.Account)
	e.Money = moneyOf(e.Type, e.Category, o)
}

// describeRelated fills in what a thin event says of the object that it came
// without. Whether a charge belongs to a payment intent it does not say, so
// only a payment intent's own id is a payment.
func (b *body) describeRelated(e *event.Event) {
	e.Thin = true
	e.Category = thinCategoryOf(e.Type)
	e.ObjectType = envelope.Clean(b.RelatedObject.Type)
	e.ObjectID = envelope.Clean(b.RelatedObject.ID)
	if e.ObjectType == paymentIntentObject {
		e.PaymentID = e.ObjectID
	}
	e.Related = envelope.Related(map[string]string{"snapshot_event": b.SnapshotEvent.id})
	e.Account = envelope.Clean(b.Context)
}
