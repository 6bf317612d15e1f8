package table

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/contract"
)

// attribute is an attribute value in DynamoDB's JSON. Exactly one member is set. Items of
// ToItem have no values of other types.
type attribute struct {
	S    *string              `json:"S,omitempty"`
	N    *string              `json:"N,omitempty"`
	B    *[]byte              `json:"B,omitempty"`
	BOOL *bool                `json:"BOOL,omitempty"`
	SS   []string             `json:"SS,omitempty"`
	M    map[string]attribute `json:"M,omitempty"`
}

// EncodeImage returns an item of ToItem and its key as a record of the table's stream has
// them. event.DecodeImage reads the item.
func EncodeImage(item map[string]types.AttributeValue) (keys, newImage json.RawMessage) {
	image := attributes(item)
	newImage, _ = json.Marshal(image) // strings, bytes and bools cannot fail
	keys, _ = json.Marshal(map[string]attribute{
		contract.EventIDAttribute:   image[contract.EventIDAttribute],
		contract.TimestampAttribute: image[contract.TimestampAttribute],
	})
	return keys, newImage
}

func attributes(item map[string]types.AttributeValue) map[string]attribute {
	all := make(map[string]attribute, len(item))
	for name, value := range item {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			all[name] = attribute{S: &v.Value}
		case *types.AttributeValueMemberN:
			all[name] = attribute{N: &v.Value}
		case *types.AttributeValueMemberB:
			all[name] = attribute{B: new(append([]byte{}, v.Value...))} // nil would be null
		case *types.AttributeValueMemberBOOL:
			all[name] = attribute{BOOL: &v.Value}
		case *types.AttributeValueMemberSS:
			all[name] = attribute{SS: v.Value}
		case *types.AttributeValueMemberM:
			all[name] = attribute{M: attributes(v.Value)}
		}
	}
	return all
}
