package sizes

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/stack"
)

const root = "../../.."

func read(t *testing.T) Sizes {
	t.Helper()
	s, err := stack.Read(root)
	require.NoError(t, err)
	all, err := Read(root, s)
	require.NoError(t, err)
	return all
}

func TestEventsAreOfAllProvidersAndSizes(t *testing.T) {
	all := read(t)
	for _, size := range Bodies() {
		of := all.Of(size)
		require.Len(t, of, len(contract.Providers()))
		for _, e := range of {
			assert.Equal(t, size, e.Body)
			assert.Greater(t, e.Message, size*4/3, "the payload is base64 in it")
			assert.Greater(t, e.Item, size, "the payload is binary in it")
			assert.Less(t, e.Item, e.Message)
			assert.Greater(t, e.Archived, e.Message, "the message is base64 in it")
			assert.Less(t, e.Deflated, size)
			assert.Greater(t, e.WriteUnits(), WriteUnits(e.Item), "the indexes are written, too")
			for _, i := range e.Indexes {
				assert.Positive(t, i.Bytes, "%s %s", e.Provider, i.Name)
				assert.Less(t, i.Bytes, size, "no payload is in it")
			}
		}
	}
	assert.Greater(t, all.DayShards, 1, "a day is spread over partitions")
	assert.Less(t, all.SecretReads, 1.0/60, "a secret is read every few minutes")
	assert.Greater(t, all.SecretRefreshes, all.SecretReads, "forgeries make it be read more often")
}

func TestLines(t *testing.T) {
	l := read(t).Lines
	for name, bytes := range map[string]float64{
		"access": l.Access, "access refused": l.AccessRefused, "processor": l.Processor,
		"processor refused": l.ProcessorRefused, "authorizer refused": l.AuthorizerRefused, "consumer": l.ConsumerSingle,
	} {
		assert.Greater(t, bytes, 100.0, name)
		assert.Less(t, bytes, 1000.0, "%s: one short line", name)
	}
	assert.Greater(t, l.ConsumerBatch, 2*l.ConsumerSingle, "a line for each provider")
	assert.Contains(t, l.Platform, contract.ConsumerName)
}

func TestWriteUnits(t *testing.T) {
	for _, row := range []struct {
		why   string
		bytes int
		want  float64
	}{
		{"an item without the index's key has no entry", 0, 0},
		{"a byte is a whole unit", 1, 1},
		{"a KB is one", 1024, 1},
		{"a byte more is another", 1025, 2},
		{"ten", 10 * 1024, 10},
	} {
		t.Run(row.why, func(t *testing.T) { assert.InDelta(t, row.want, WriteUnits(row.bytes), 0) })
	}
}

func TestItemBytes(t *testing.T) {
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	for _, row := range []struct {
		why  string
		item item
		want int
	}{
		{"names count", item{"name": s("value")}, 9},
		{"bytes, not characters", item{"a": s("é")}, 3},
		{"two digits are a byte, and there is one more", item{"a": &types.AttributeValueMemberN{Value: "12345"}}, 5},
		{"binary is as long as it is", item{"a": &types.AttributeValueMemberB{Value: make([]byte, 7)}}, 8},
		{"yes or no", item{"a": &types.AttributeValueMemberBOOL{}}, 2},
		{"a map has three bytes, and one for each member", item{"a": &types.AttributeValueMemberM{Value: item{"b": s("c")}}}, 7},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, itemBytes(row.item)) })
	}
}

func TestEntryBytes(t *testing.T) {
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	whole := item{"key": s("k"), "column": s("c"), "payload": s("long")}
	for _, row := range []struct {
		why   string
		index stack.Index
		want  int
	}{
		{"what is projected and there", stack.Index{Keys: []string{"key"}, Attributes: []string{"key", "column", "absent"}}, 11},
		{"an index is sparse", stack.Index{Keys: []string{"absent"}, Attributes: []string{"absent", "column"}}, 0},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, entryBytes(whole, row.index)) })
	}
}

func TestBodyIsFilledUp(t *testing.T) {
	all := examples{[]byte(`{"a":12345}`), []byte(`{"b":1}`)}
	for _, row := range []struct {
		why  string
		size int
		want string
	}{
		{"the longest that fits", 12, `{ "a":12345}`},
		{"exactly", 11, `{"a":12345}`},
		{"only the short one fits", 9, `{  "b":1}`},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, string(all.body(row.size))) })
	}
}

func TestAccessLine(t *testing.T) {
	bytes, err := accessLine(`{"a":"$context.requestId"}`, map[string]string{"requestId": "12"})
	require.NoError(t, err)
	assert.InDelta(t, 10, bytes, 0)

	_, err = accessLine(`$context.path`, accepted())
	assert.ErrorContains(t, err, "$context.path", "a variable without an example would count as nothing")
}

func TestLoggedDoesNotDependOnTheClock(t *testing.T) {
	short := bytes.NewBufferString(`{"timestamp":"2026-05-28T22:26:40.1+02:00","a":1}`)
	long := bytes.NewBufferString(`{"timestamp":"2026-05-28T20:26:40.123456789Z","a":1}`)
	assert.Equal(t, long.Len(), logged(short))
	assert.Equal(t, long.Len(), logged(long))
}

func TestTheSameIsMeasuredTwice(t *testing.T) {
	assert.Equal(t, read(t), read(t), "or the pages would be stale at random")
}

func TestPlatformLinesAreJSON(t *testing.T) {
	for _, line := range []string{startLine("event-consumer"), reportLine(stack.Function{MemoryMB: 256})} {
		assert.True(t, json.Valid([]byte(line)), line)
	}
}
