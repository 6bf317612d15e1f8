package table

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// ErrItem is the class of errors of FromItem.
var ErrItem = errors.New("not an event item")

// dayShards is the number of partitions that one provider's day is spread
// over in DayIndex: an index partition takes 1,000 writes a second, and one
// that is too hot throttles the writes to the table itself (DynamoDB Developer
// Guide, "Designing partition keys").
const dayShards = 16

// Attributes that are neither keys nor text.
const (
	receivedAtAttribute = "receivedAt"
	livemodeAttribute   = "livemode"
	thinAttribute       = "thin"
	relatedAttribute    = "related"
	payloadAttribute    = "payload"
)

// texts are the text fields of an event under their attributes' names.
func texts(e *event.Event) map[string]*string {
	category := (*string)(&e.Category)
	return map[string]*string{
		contract.EventIDAttribute: &e.ID,
		"schema":                  &e.Schema,
		"provider":                &e.Provider,
		"type":                    &e.Type,
		"category":                category,
		"objectType":              &e.ObjectType,
		"objectId":                &e.ObjectID,
		"objectStatus":            &e.ObjectStatus,
		"paymentId":               &e.PaymentID,
		"account":                 &e.Account,
		"endpoint":                &e.Endpoint,
		"amount":                  &e.Amount,
		"currency":                &e.Currency,
		"apiVersion":              &e.APIVersion,
		"requestId":               &e.RequestID,
		"payloadSha256":           &e.PayloadSHA256,
		"payloadRef":              &e.PayloadRef,
	}
}

// numbers are the number fields of an event under their attributes' names.
func numbers(e *event.Event) map[string]*int64 {
	return map[string]*int64{
		contract.TimestampAttribute: &e.Timestamp,
		receivedAtAttribute:         &e.ReceivedAt,
	}
}

// ToItem is the event as an item. Empty fields have no attribute. With
// retentionDays above 0 the item expires that many days after its receipt.
func ToItem(e event.Event, retentionDays int) map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, 32)
	for name, field := range texts(&e) {
		if *field != "" {
			item[name] = text(*field)
		}
	}
	for name, field := range numbers(&e) {
		item[name] = number(*field)
	}
	if len(e.Related) > 0 {
		related := make(map[string]types.AttributeValue, len(e.Related))
		for kind, id := range e.Related {
			related[kind] = text(id)
		}
		item[relatedAttribute] = &types.AttributeValueMemberM{Value: related}
	}
	if e.Livemode != nil {
		item[livemodeAttribute] = &types.AttributeValueMemberBOOL{Value: *e.Livemode}
	}
	if e.Thin {
		item[thinAttribute] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if e.PayloadRef == "" {
		item[payloadAttribute] = &types.AttributeValueMemberB{Value: e.Payload}
	}

	if key := paymentKey(e); key != "" {
		item[contract.PaymentKeyAttribute] = text(key)
	}
	item[contract.DayKeyAttribute] = text(dayKey(e))
	if retentionDays > 0 {
		received := time.UnixMilli(e.ReceivedAt)
		item[contract.ExpiresAtAttribute] = number(received.AddDate(0, 0, retentionDays).Unix())
	}
	return item
}

// FromItem reads what ToItem made. The error is ErrItem and names the attribute
// that is of another type or missing.
func FromItem(item map[string]types.AttributeValue) (event.Event, error) {
	var e event.Event
	for name, field := range texts(&e) {
		if err := read(item, name, func(v *types.AttributeValueMemberS) { *field = v.Value }); err != nil {
			return event.Event{}, err
		}
	}
	for name, field := range numbers(&e) {
		var digits string
		if err := read(item, name, func(v *types.AttributeValueMemberN) { digits = v.Value }); err != nil {
			return event.Event{}, err
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return event.Event{}, fmt.Errorf("%w: %s is not a whole number", ErrItem, name)
		}
		*field = n
	}
	err := errors.Join(
		read(item, livemodeAttribute, func(v *types.AttributeValueMemberBOOL) { e.Livemode = &v.Value }),
		read(item, thinAttribute, func(v *types.AttributeValueMemberBOOL) { e.Thin = v.Value }),
		read(item, payloadAttribute, func(v *types.AttributeValueMemberB) { e.Payload = v.Value }),
		read(item, relatedAttribute, func(v *types.AttributeValueMemberM) { e.Related = readRelated(v.Value) }),
	)
	if err != nil {
		return event.Event{}, err
	}
	if e.ID == "" {
		return event.Event{}, fmt.Errorf("%w: %s is missing", ErrItem, contract.EventIDAttribute)
	}
	return e, nil
}

// read hands an attribute, if the item has it, to set.
func read[T types.AttributeValue](item map[string]types.AttributeValue, name string, set func(T)) error {
	attribute, ok := item[name]
	if !ok {
		return nil
	}
	v, ok := attribute.(T)
	if !ok {
		return fmt.Errorf("%w: %s is a %T", ErrItem, name, attribute)
	}
	set(v)
	return nil
}

func readRelated(attributes map[string]types.AttributeValue) map[string]string {
	related := make(map[string]string, len(attributes))
	for kind, attribute := range attributes {
		if v, ok := attribute.(*types.AttributeValueMemberS); ok {
			related[kind] = v.Value
		}
	}
	return related
}

// paymentKey is "" for an event that is about nothing, which keeps it out of
// the index: DynamoDB refuses an empty key.
func paymentKey(e event.Event) string {
	id := e.PaymentID
	if id == "" {
		id = e.ObjectID
	}
	if id == "" {
		return ""
	}
	return e.Provider + ":" + id
}

// dayKey uses the day of receipt for an event whose own time is unreadable,
// or nobody would find it on 1970-01-01.
func dayKey(e event.Event) string {
	at := e.Timestamp
	if at == 0 {
		at = e.ReceivedAt
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(e.ID)) // it never fails (package hash)
	day := time.UnixMilli(at).UTC().Format(time.DateOnly)
	return fmt.Sprintf("%s#%s#%d", e.Provider, day, hash.Sum32()%dayShards)
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
