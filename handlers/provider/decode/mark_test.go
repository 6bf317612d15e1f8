package decode_test

import (
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// envelope has a field of each kind that providers read.
type envelope struct {
	ID    decode.Member `json:"id"`
	Text  string        `json:"text"`
	Flag  bool          `json:"flag"`
	Inner struct {
		Text   string         `json:"text"`
		Amount jsontext.Value `json:"amount"`

		Content decode.Content[struct{}] `json:"content"` // has a field that nothing sets
	} `json:"inner"`
	List    decode.List[struct{ Text string }]    `json:"list"`
	Content decode.Content[struct{ Text string }] `json:"content"`
	Members decode.Members[struct{ Text string }] `json:"members"`
}

func TestBodyMarksWrongTypes(t *testing.T) {
	const wrong = decode.WrongType
	for _, row := range []struct {
		why, body                                     string
		text, inner, amount, element, content, member string
	}{
		{why: "nothing", body: `{}`},
		{why: "null is absent", body: `{"text":null,"inner":null,"list":null,"content":null,"members":null}`},
		{why: "null further down", body: `{"inner":{"text":null},"list":[null],"content":{"text":null},"members":{"a":null}}`},
		{why: "empty texts, the mark's bytes escaped or not UTF-8", body: "{\"text\":\"\\u00ff\\u0000\",\"content\":{\"text\":\"\xff\\u0000\"}}", text: "\u00ff\x00", content: "\ufffd\x00"},

		{why: "a number", body: `{"text":7,"inner":{"text":"i"}}`, text: wrong, inner: "i"},
		{why: "a truth value, a list and an object", body: `{"text":true,"inner":{"text":[]},"content":{"text":{}}}`, text: wrong, inner: wrong, content: wrong},
		{why: "before and behind readable ones", body: `{"list":[{"text":"l"}],"content":{"text":7},"inner":{"amount":5},"members":{"a":{"text":"m"}}}`, element: "l", amount: "5", content: wrong, member: "m"},
		{why: "of a member", body: `{"text":"t","members":{"a":{"text":7}}}`, text: "t", member: wrong},
		{why: "of a member of another name", body: `{"members":{"b":{"text":7}}}`, member: wrong},
		{why: "of an element", body: `{"list":[{"text":7}]}`, element: wrong},

		{why: "a text instead of an object: all of its fields", body: `{"inner":"x"}`, inner: wrong, amount: wrong},
		{why: "instead of an element", body: `{"list":[7]}`, element: wrong},
		{why: "instead of a list", body: `{"list":{}}`, element: wrong},
		{why: "instead of the content", body: `{"content":[]}`, content: wrong},
		{why: "instead of members", body: `{"members":7}`, member: wrong},
		{why: "instead of a member", body: `{"members":{"a":7}}`, member: wrong},
		{why: "a list of members, as Square sends inventory counts", body: `{"members":{"a":[{"text":"m"}]}}`},
		{why: "a member of another name that is no object, as deletions have", body: `{"members":{"deleted":true}}`},

		{why: "a readable one before it", body: `{"text":"a","text":7,"inner":{"text":"i"},"inner":7}`, text: "a", inner: "i", amount: wrong},
		{why: "a readable one behind it", body: `{"text":7,"text":"a"}`, text: "a"},
	} {
		t.Run(row.why, func(t *testing.T) {
			var e envelope
			require.NoError(t, decode.Body([]byte(row.body), &e))
			_, member := e.Members.Find("a")
			assert.Equal(t, []string{row.text, row.inner, row.amount, row.element, row.content, row.member},
				[]string{e.Text, e.Inner.Text, string(e.Inner.Amount), e.List[0].Text, e.Content.Value.Text, member.Text})
		})
	}
}

// unmarked empties all marked fields of v, for tests of what is read beside them.
func unmarked[T any](v T) T {
	var unmark func(reflect.Value)
	unmark = func(v reflect.Value) {
		switch {
		case !v.CanSet():
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				unmark(v.Field(i))
			}
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				unmark(v.Index(i))
			}
		case v.Kind() == reflect.String && v.String() == decode.WrongType,
			v.Kind() == reflect.Slice && string(v.Bytes()) == decode.WrongType:
			v.SetZero()
		}
	}
	unmark(reflect.ValueOf(&v).Elem())
	return v
}

// TestBodyReadsTwice: the second reading finds what the first one did, and counts of
// the first do not stay.
func TestBodyReadsTwice(t *testing.T) {
	var e envelope
	require.NoError(t, decode.Body([]byte(`{"id":"a","text":7,"content":{},"flag":true}`), &e))
	_, _, err := decode.Identify(e.ID, e.ID, decode.Member{}, &e.Content)
	assert.NoError(t, err)
	assert.True(t, e.Flag)
}

func TestReadable(t *testing.T) {
	assert.Equal(t, "b", decode.Readable("", decode.WrongType, "b", "c"))
	assert.Empty(t, decode.Readable("", decode.WrongType))

	var f decode.Fields
	assert.Equal(t, "b", f.Text("objectId", decode.WrongType, "b"))
	assert.Equal(t, []string{"objectId"}, f.Omitted())
}

// TestSecretMarksNothing: the checks of a secret document ask for empty values.
func TestSecretMarksNothing(t *testing.T) {
	var e envelope
	require.NoError(t, decode.Secret([]byte(`{"text":7,"inner":"x","list":[7]}`), "", &e))
	assert.Equal(t, envelope{}, e)
}
