package stripe

import (
	"fmt"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// thinObject is the "object" of an event that comes without its resource
// (docs.stripe.com/api/v2/core/events/object).
const thinObject = "v2.core.event"

// Event implements provider.Provider. It fails only on a body without a
// readable type or with an id that cannot be a key.
func (Provider) Event(body []byte, o provider.Origin) (event.Event, error) {
	env, err := parseEnvelope(body)
	if err != nil {
		return event.Event{}, err
	}
	id := env.ID.text()
	if !validID(id) {
		return event.Event{}, fmt.Errorf("%w: id is not 1 to %d letters, digits, hyphens, underscores and single dots",
			provider.EventIDInvalid, maxText)
	}
	name := contract.Stripe().Name
	e := event.Event{
		Schema:     event.Schema,
		ID:         event.NewID(name, id),
		Timestamp:  env.Created.millis(),
		Provider:   name,
		Type:       env.Type.text(),
		Endpoint:   o.Endpoint,
		Livemode:   env.livemode(),
		APIVersion: clean(env.APIVersion),
	}
	if env.Object == thinObject {
		env.describeRelated(&e)
	} else {
		env.describeObject(&e)
	}
	return e, nil
}

// describeObject fills in what a snapshot event says of its object.
func (env *envelope) describeObject(e *event.Event) {
	o := &env.Data.Object
	e.Category = categoryOf(e.Type, o)
	e.ObjectType = clean(o.Object)
	e.ObjectID = clean(o.ID)
	e.ObjectStatus = clean(o.Status)
	e.PaymentID = o.paymentID()
	e.Related = o.related()
	e.Account = clean(env.Account)
	e.Money = moneyOf(e.Type, e.Category, o)
}

// describeRelated fills in what a thin event says of the object that it came
// without. Whether a charge belongs to a payment intent it does not say, so
// only a payment intent's own id is a payment.
func (env *envelope) describeRelated(e *event.Event) {
	e.Thin = true
	e.Category = thinCategoryOf(e.Type)
	e.ObjectType = clean(env.RelatedObject.Type)
	e.ObjectID = clean(env.RelatedObject.ID)
	if e.ObjectType == paymentIntentObject {
		e.PaymentID = e.ObjectID
	}
	if twin := clean(env.SnapshotEvent.id); twin != "" {
		e.Related = map[string]string{"snapshot_event": twin}
	}
	e.Account = clean(env.Context)
}
