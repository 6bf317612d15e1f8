// Package table stores events in DynamoDB.
package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Client is the subset of the DynamoDB API that a Table calls.
type Client interface {
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Table stores each event once in WebhookEvents.
type Table struct {
	client Client
	name   string
}

// NewTable returns the table of that name.
func NewTable(client Client, name string) *Table {
	return &Table{client: client, name: name}
}

// Put stores an event. If the table already has an event with its ID and
// Timestamp, Put returns that event and changes nothing.
func (t *Table) Put(ctx context.Context, e event.Event) (existing *event.Event, err error) {
	_, err = t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &t.name,
		Item:                ToItem(e),
		ConditionExpression: new("attribute_not_exists(" + contract.EventIDAttribute + ")"),
		// The response of a failed condition includes the existing item.
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if err == nil {
		return nil, nil
	}
	if taken, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		stored, err := FromItem(taken.Item)
		if err != nil {
			return nil, fmt.Errorf("item in %s with the key of %s: %w", t.name, e.ID, err)
		}
		return &stored, nil
	}
	return nil, fmt.Errorf("put into %s: %w", t.name, err)
}

// ErrItem is the class of all errors of FromItem.
var ErrItem = errors.New("not an event item")

// dayShards is the number of partitions of DayIndex for a provider and a day. A
// partition takes 1,000 writes a second, and a throttled index throttles the
// table (DynamoDB Developer Guide, "Designing partition keys").
const dayShards = 16

// Attributes that are neither keys nor strings.
const (
	livemodeAttribute = "livemode"
	modeAttribute     = "otherMode"
	thinAttribute     = "thin"
	omittedAttribute  = "omitted"
	relatedAttribute  = "related"
)

// texts returns the string fields of an event by attribute name.
func texts(e *event.Event) map[string]*string {
	return map[string]*string{
		contract.EventIDAttribute:    &e.ID,
		"schema":                     &e.Schema,
		"provider":                   &e.Provider,
		"type":                       &e.Type,
		"category":                   (*string)(&e.Category),
		"objectType":                 &e.ObjectType,
		"objectId":                   &e.ObjectID,
		"objectStatus":               &e.ObjectStatus,
		"paymentId":                  &e.PaymentID,
		"account":                    &e.Account,
		"endpoint":                   &e.Endpoint,
		"amount":                     &e.Amount,
		"currency":                   &e.Currency,
		"apiVersion":                 &e.APIVersion,
		"requestId":                  &e.RequestID,
		"extendedRequestId":          &e.ExtendedRequestID,
		"traceparent":                &e.Traceparent,
		"payloadSha256":              &e.PayloadSHA256,
		"contentSha256":              &e.ContentSHA256,
		"signedSha256":               &e.SignedSHA256,
		contract.PayloadRefAttribute: &e.PayloadRef,
		"origin":                     &e.Origin,
	}
}

// numbers returns the number fields of an event by attribute name.
func numbers(e *event.Event) map[string]*int64 {
	return map[string]*int64{
		contract.TimestampAttribute: &e.Timestamp,
		"receivedAt":                &e.ReceivedAt,
		contract.ExpiresAtAttribute: &e.ExpiresAt,
		contract.ErasedAtAttribute:  &e.ErasedAt,
	}
}

// isOptional reports whether items leave the number out if it is 0.
func isOptional(number string) bool {
	return number == contract.ExpiresAtAttribute || number == contract.ErasedAtAttribute
}

// ToItem returns the item of an event. Attributes are named as in the event's
// JSON; empty fields have none.
func ToItem(e event.Event) map[string]types.AttributeValue {
	item := make(map[string]types.AttributeValue, 32)
	for name, field := range texts(&e) {
		if *field != "" {
			item[name] = text(*field)
		}
	}
	for name, field := range numbers(&e) {
		if *field != 0 || !isOptional(name) {
			item[name] = number(*field)
		}
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
	if e.OtherMode {
		item[modeAttribute] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if e.Thin {
		item[thinAttribute] = &types.AttributeValueMemberBOOL{Value: true}
	}
	if len(e.Omitted) > 0 {
		item[omittedAttribute] = &types.AttributeValueMemberSS{Value: e.Omitted}
	}
	if e.PayloadRef == "" {
		item[contract.PayloadAttribute] = &types.AttributeValueMemberB{Value: e.Payload}
	}

	if key := e.PaymentKey(); key != "" {
		item[contract.PaymentKeyAttribute] = text(key)
	}
	item[contract.DayKeyAttribute] = text(dayKey(e))
	return item
}

// Key returns the event id and the timestamp of an item, also of one that is not an event.
func Key(item map[string]types.AttributeValue) (id, at string) {
	if v, ok := item[contract.EventIDAttribute].(*types.AttributeValueMemberS); ok {
		id = v.Value
	}
	if v, ok := item[contract.TimestampAttribute].(*types.AttributeValueMemberN); ok {
		at = v.Value
	}
	return id, at
}

// FromItem returns the event of an item of ToItem. The error is ErrItem and names
// the attribute that is missing or has another type.
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
		if digits == "" && isOptional(name) {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return event.Event{}, fmt.Errorf("%w: %s is not a whole number", ErrItem, name)
		}
		*field = n
	}
	err := errors.Join(
		read(item, livemodeAttribute, func(v *types.AttributeValueMemberBOOL) { e.Livemode = &v.Value }),
		read(item, modeAttribute, func(v *types.AttributeValueMemberBOOL) { e.OtherMode = v.Value }),
		read(item, thinAttribute, func(v *types.AttributeValueMemberBOOL) { e.Thin = v.Value }),
		read(item, omittedAttribute, func(v *types.AttributeValueMemberSS) { e.Omitted = v.Value }),
		read(item, contract.PayloadAttribute, func(v *types.AttributeValueMemberB) { e.Payload = v.Value }),
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

// read calls set with an attribute if the item has it.
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

// dayKey uses the day of receipt for an event without a time of its own.
func dayKey(e event.Event) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(e.ID)) // never fails (package hash)
	return shardKey(e.Provider, time.UnixMilli(cmp.Or(e.Timestamp, e.ReceivedAt)), hash.Sum32()%dayShards)
}

// DayKeys returns the partition keys of DayIndex for a provider and the UTC day of a
// time.
func DayKeys(provider string, day time.Time) []string {
	keys := make([]string, dayShards)
	for shard := range keys {
		keys[shard] = shardKey(provider, day, uint32(shard))
	}
	return keys
}

func shardKey(provider string, day time.Time, shard uint32) string {
	return fmt.Sprintf("%s#%s#%d", provider, day.UTC().Format(time.DateOnly), shard)
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
