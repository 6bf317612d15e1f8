package memory

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maxItem is 400 KB (DynamoDB Developer Guide, "Quotas", item size).
const maxItem = 400 << 10

// item is an item in the form of the SDK.
type item = map[string]types.AttributeValue

// DynamoDB is a service with tables.
type DynamoDB struct {
	mu     sync.Mutex
	tables map[string]*table
}

// NewDynamoDB returns a service without tables.
func NewDynamoDB() *DynamoDB { return &DynamoDB{tables: map[string]*table{}} }

type table struct {
	keys  []types.KeySchemaElement
	index []types.KeySchemaElement // the keys of all indexes
	types map[string]types.ScalarAttributeType
	items map[string]item // by keyOf
	order []string        // keys in the order of arrival

	stream *Stream // nil without one
}

// CreateTable creates a table with keys and global secondary indexes. It is
// active at once.
func (d *DynamoDB) CreateTable(_ context.Context, in *dynamodb.CreateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := &table{keys: in.KeySchema, types: map[string]types.ScalarAttributeType{}, items: map[string]item{}}
	for _, a := range in.AttributeDefinitions {
		t.types[aws.ToString(a.AttributeName)] = a.AttributeType
	}
	for _, index := range in.GlobalSecondaryIndexes {
		t.index = append(t.index, index.KeySchema...)
	}
	d.tables[aws.ToString(in.TableName)] = t
	return &dynamodb.CreateTableOutput{TableDescription: &types.TableDescription{TableName: in.TableName, TableStatus: types.TableStatusActive}}, nil
}

// absent matches the only supported condition.
var absent = regexp.MustCompile(`^attribute_not_exists\s*\(\s*(\w+)\s*\)$`)

// PutItem replaces the item with the same key. A condition is checked against
// that item. If it fails, the error has the item when
// ReturnValuesOnConditionCheckFailure asks for it (DynamoDB API Reference,
// PutItem).
func (d *DynamoDB) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.find(in.TableName)
	if err != nil {
		return nil, err
	}
	if err := t.check(in.Item); err != nil {
		return nil, err
	}
	key := t.keyOf(in.Item)
	existing, exists := t.items[key]
	if condition := aws.ToString(in.ConditionExpression); condition != "" {
		name := absent.FindStringSubmatch(condition)
		if name == nil {
			return nil, newError("ValidationException", "Invalid ConditionExpression: %s", condition)
		}
		if _, present := existing[name[1]]; present {
			failed := &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
			if in.ReturnValuesOnConditionCheckFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
				failed.Item = maps.Clone(existing)
			}
			return nil, failed
		}
	}
	if !exists {
		t.order = append(t.order, key)
	}
	t.items[key] = maps.Clone(in.Item)
	t.stream.add(t, exists, in.Item)
	return &dynamodb.PutItemOutput{}, nil
}

// GetItem returns neither an item nor an error for a key that does not exist.
func (d *DynamoDB) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.find(in.TableName)
	if err != nil {
		return nil, err
	}
	return &dynamodb.GetItemOutput{Item: maps.Clone(t.items[t.keyOf(in.Key)])}, nil
}

// Scan returns all items in one page. AWS ends a page after 1 MB.
func (d *DynamoDB) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.find(in.TableName)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.ScanOutput{Count: int32(len(t.order))}
	for _, key := range t.order {
		out.Items = append(out.Items, maps.Clone(t.items[key]))
	}
	return out, nil
}

func (d *DynamoDB) find(name *string) (*table, error) {
	t, ok := d.tables[aws.ToString(name)]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Requested resource not found")}
	}
	return t, nil
}

// check returns an error for an item over 400 KB and for a key that is missing,
// empty or of another type. Keys of an index may be missing (DynamoDB Developer
// Guide, "Constraints").
func (t *table) check(i item) error {
	for _, key := range slices.Concat(t.keys, t.index) {
		name := aws.ToString(key.AttributeName)
		value, given := i[name]
		if !given && slices.Contains(t.index, key) && !slices.Contains(t.keys, key) {
			continue
		}
		if !given {
			return newError("ValidationException", "One or more parameter values were invalid: Missing the key %s in the item", name)
		}
		text, kind := scalar(value)
		if kind != t.types[name] {
			return newError("ValidationException", "One or more parameter values were invalid: Type mismatch for key %s", name)
		}
		if text == "" {
			return newError("ValidationException", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
		}
	}
	if itemSize(i) > maxItem {
		return newError("ValidationException", "Item size has exceeded the maximum allowed size")
	}
	return nil
}

// keyOf returns a text that is unique for a key.
func (t *table) keyOf(i item) string {
	var parts []string
	for _, key := range t.keys {
		text, _ := scalar(i[aws.ToString(key.AttributeName)])
		parts = append(parts, text)
	}
	return strings.Join(parts, "\x00")
}

func scalar(v types.AttributeValue) (text string, kind types.ScalarAttributeType) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value, types.ScalarAttributeTypeS
	case *types.AttributeValueMemberN:
		return v.Value, types.ScalarAttributeTypeN
	case *types.AttributeValueMemberB:
		return string(v.Value), types.ScalarAttributeTypeB
	}
	return "", ""
}

// itemSize returns the size of names and values in bytes (DynamoDB Developer
// Guide, "DynamoDB item sizes and formats"): a string counts its UTF-8 bytes, a
// number one byte for two digits and one more, a Boolean one, a map three and
// one more for each member.
func itemSize(i item) int {
	n := 0
	for name, value := range i {
		n += len(name) + valueSize(value)
	}
	return n
}

func valueSize(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + itemSize(v.Value)
	}
	return 1
}
