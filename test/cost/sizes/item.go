package sizes

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/test/cost/stack"
)

type item = map[string]types.AttributeValue

// itemBytes is names plus values (DynamoDB Developer Guide, "DynamoDB item sizes
// and formats"): the UTF-8 bytes of text, the bytes of a binary value, a byte for
// each two digits of a number and one more, one for a Boolean, three for a map
// and one more for each of its members.
func itemBytes(i item) int {
	n := 0
	for name, value := range i {
		n += len(name) + valueBytes(value)
	}
	return n
}

func valueBytes(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + itemBytes(v.Value)
	}
	if s, ok := text(v); ok {
		return len(s)
	}
	return 1
}

func text(v types.AttributeValue) (string, bool) {
	s, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// entryBytes is an item's entry in an index: what the index projects of it. An
// item that lacks one of the index's keys has none (DynamoDB Developer Guide,
// "Take advantage of sparse indexes").
func entryBytes(i item, index stack.Index) int {
	for _, key := range index.Keys {
		if _, there := i[key]; !there {
			return 0
		}
	}
	entry := item{}
	for _, name := range index.Attributes {
		if value, there := i[name]; there {
			entry[name] = value
		}
	}
	return itemBytes(entry)
}
