package paypal

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// Event implements provider.Provider. It fails only on a body without a
// readable type or with an id that cannot be a key. A time that is none, such
// as the simulator's 2018-19-12T…, leaves Timestamp 0.
func (Provider) Event(raw []byte, o provider.Origin) (event.Event, error) {
	var b body
	if err := decode.Body(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := decode.Identify(b.ID, b.Type, b.Created)
	if err != nil {
		return event.Event{}, err
	}
	name, r := contract.PayPal().Name, &b.Resource
	category := categoryOf(typ, r)
	return event.Event{
		Schema:       event.Schema,
		ID:           event.NewID(name, id),
		Timestamp:    b.Created.RFC3339(),
		Provider:     name,
		Type:         typ,
		Category:     category,
		ObjectType:   decode.Clean(b.ResourceType),
		ObjectID:     decode.Clean(r.id()),
		ObjectStatus: decode.Clean(r.status()),
		PaymentID:    decode.Clean(b.paymentID(typ)),
		Related:      r.related(),
		Account:      decode.Clean(r.account()),
		Endpoint:     o.Endpoint,
		Livemode:     o.Livemode,
		Money:        moneyOf(category, r),
		APIVersion:   decode.Clean(b.ResourceVersion),
	}, nil
}
