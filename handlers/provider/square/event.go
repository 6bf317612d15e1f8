package square

import (
	"cmp"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// Event implements provider.Provider. It fails only on a body without a
// readable type or with an id that cannot be a key.
func (Provider) Event(raw []byte, origin provider.Origin) (event.Event, error) {
	var b body
	if err := decode.Body(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := decode.Identify(b.EventID, b.Type, b.CreatedAt)
	if err != nil {
		return event.Event{}, err
	}
	name := contract.Square().Name
	o := b.object()
	category := categoryOf(typ, o)
	return event.Event{
		Schema:       event.Schema,
		ID:           event.NewID(name, id),
		Timestamp:    b.CreatedAt.RFC3339(),
		Provider:     name,
		Type:         typ,
		Category:     category,
		ObjectType:   decode.Clean(b.Data.Type),
		ObjectID:     b.objectID(o),
		ObjectStatus: cmp.Or(decode.Clean(o.Status), decode.Clean(o.State)),
		PaymentID:    b.paymentID(o),
		Related:      b.related(o),
		Account:      decode.Clean(b.MerchantID),
		Endpoint:     origin.Endpoint,
		Livemode:     origin.Livemode,
		Money:        moneyOf(category, o),
	}, nil
}
