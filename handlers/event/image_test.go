package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

// image returns an item of the table as Lambda's events have it.
func image(t *testing.T, item map[string]types.AttributeValue) []byte {
	t.Helper()
	attributes := map[string]events.DynamoDBAttributeValue{}
	for name, attribute := range item {
		switch v := attribute.(type) {
		case *types.AttributeValueMemberS:
			attributes[name] = events.NewStringAttribute(v.Value)
		case *types.AttributeValueMemberN:
			attributes[name] = events.NewNumberAttribute(v.Value)
		case *types.AttributeValueMemberB:
			attributes[name] = events.NewBinaryAttribute(v.Value)
		case *types.AttributeValueMemberBOOL:
			attributes[name] = events.NewBooleanAttribute(v.Value)
		case *types.AttributeValueMemberSS:
			attributes[name] = events.NewStringSetAttribute(v.Value)
		case *types.AttributeValueMemberM:
			var members map[string]events.DynamoDBAttributeValue
			require.NoError(t, json.Unmarshal(image(t, v.Value), &members))
			attributes[name] = events.NewMapAttribute(members)
		default:
			require.Fail(t, "an attribute that items do not have", "%s: %T", name, attribute)
		}
	}
	text, err := json.Marshal(attributes)
	require.NoError(t, err)
	return text
}

func TestDecodeImageReadsItems(t *testing.T) {
	full := sample([]byte("\x00\xffbody"))
	full.Related, full.Omitted, full.OtherMode, full.ErasedAt = map[string]string{"order": "o_1"}, []string{"amount", "timestamp"}, true, 7
	for why, want := range map[string]event.Event{
		"every type of attribute": full,
		"a body in the bucket":    byReference(),
		"nothing optional":        {Schema: event.Schema, ID: "stripe:1", Provider: "stripe", Payload: []byte("x")},
	} {
		got, err := event.DecodeImage(image(t, table.ToItem(want)))
		require.NoError(t, err, why)
		assert.Equal(t, want, got, why)
	}
}

func TestDecodeImage(t *testing.T) {
	const good = `{"schema":{"S":"paysluice.event/1"},"eventId":{"S":"stripe:1"},"timestamp":{"N":"5"}`
	got, err := event.DecodeImage([]byte(good + `,"later":{"NS":["1"]},"latest":{"NULL":true}}`))
	require.NoError(t, err, "an attribute of a later version may have any type")
	assert.Equal(t, event.Event{Schema: event.Schema, ID: "stripe:1", Timestamp: 5}, got)

	for why, text := range map[string]string{
		"no JSON":                         `tok_secret`,
		"no attributes":                   `{"eventId":"tok_secret"}`,
		"null":                            `null`,
		"another schema":                  strings.Replace(good, "event/1", "tok_secret", 1) + `}`,
		"no event id":                     `{"schema":{"S":"paysluice.event/1"}}`,
		"a number that is text":           good + `,"receivedAt":{"S":"tok_secret"}}`,
		"a number that is none":           good + `,"receivedAt":{"N":"tok_secret"}}`,
		"a fraction":                      good + `,"receivedAt":{"N":"1.5"}}`,
		"a field of a type that has none": good + `,"provider":{"NS":["1"]}}`,
		"a body that is not in base64":    good + `,"payload":{"B":"tok_secret"}}`,
	} {
		_, err := event.DecodeImage([]byte(text))
		require.ErrorIs(t, err, event.ErrImage, why)
		assert.NotContains(t, err.Error(), "tok_secret", why)
	}
}

func FuzzDecodeImage(f *testing.F) {
	f.Add([]byte(`{"schema":{"S":"paysluice.event/1"},"eventId":{"S":"stripe:1"},"related":{"M":{"order":{"S":"1"}}}}`))
	f.Fuzz(func(t *testing.T, image []byte) {
		e, err := event.DecodeImage(image)
		if err != nil {
			require.ErrorIs(t, err, event.ErrImage)
			return
		}
		assert.NotEmpty(t, e.ID)
	})
}
