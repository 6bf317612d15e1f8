package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

func TestBody(t *testing.T) {
	var s sample
	require.NoError(t, decode.Body([]byte("\r\n\t {\"name\":\"n\",\"inner\":7} \n"), &s))
	assert.Equal(t, sample{Name: "n"}, unmarked(s))

	deep := strings.Repeat("[", 20000) + strings.Repeat("]", 20000)
	for _, tt := range []struct{ why, body string }{
		{"empty", ""},
		{"blank", " \n"},
		{"not JSON", "name=n"},
		{"cut off", `{"name":"n"`},
		{"two of them", `{}{}`},
		{"a byte order mark is not JSON", "\ufeff{}"},
		{"a raw NUL", "{\"name\":\"\x00\"}"},
		{"white space that is none in JSON", "\v{}"},
		{"deeper than encoding/json goes", `{"inner":` + deep + `}`},
		{"null", "null"},
		{"a list", `[{"name":"n"}]`},
		{"a text", `"name"`},
		{"a number", `7`},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := decode.Body([]byte(tt.body), new(sample))
			assert.ErrorIs(t, err, provider.EnvelopeUnreadable)
			assert.NotContains(t, err.Error(), "name", "an error repeats nothing of the body")
		})
	}
}

// everything has a field of each kind that bodies have.
type everything struct {
	Member decode.Member          `json:"member"`
	Text   string                 `json:"text"`
	Raw    jsontext.Value         `json:"raw"`
	List   decode.List[sample]    `json:"list"`
	Lists  decode.List[[2]string] `json:"lists"`
	Sample sample                 `json:"sample"`
	Object decode.Members[sample] `json:"object"`
	NoTag  string
	embedded
}

type embedded struct {
	Inner string `json:"embedded"`
}

// reference is everything as encoding/json reads it.
type reference struct {
	Member decode.Member          `json:"member"`
	Text   string                 `json:"text"`
	Raw    json.RawMessage        `json:"raw"`
	List   decode.List[sample]    `json:"list"`
	Lists  decode.List[[2]string] `json:"lists"`
	Sample sample                 `json:"sample"`
	Object decode.Members[sample] `json:"object"`
	NoTag  string
	embedded
}

// assertReads requires that Body reads what encoding/json does, marks apart, or nothing.
func assertReads(t *testing.T, body []byte) {
	t.Helper()
	var got everything
	var want reference
	err := decode.Body(body, &got)
	if !isObject(body) || !isOrWrongType(json.Unmarshal(body, &want)) {
		assert.ErrorIs(t, err, provider.EnvelopeUnreadable)
		return
	}
	require.NoError(t, err)
	for _, name := range []string{"a", "b", "c", "d"} {
		wantName, wantValue := want.Object.Find(name)
		gotName, gotValue := got.Object.Find(name)
		assert.Equal(t, wantName, gotName)
		assert.Equal(t, wantValue, gotValue, name)
	}
	got = unmarked(got)
	assert.Equal(t, want, reference{
		Member: got.Member, Text: got.Text, Raw: json.RawMessage(got.Raw), List: got.List, Lists: got.Lists,
		Sample: got.Sample, Object: got.Object, NoTag: got.NoTag, embedded: got.embedded,
	})
}

func isObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
}

// isOrWrongType reports whether encoding/json has read all but values of wrong
// types.
func isOrWrongType(err error) bool {
	_, wrongType := errors.AsType[*json.UnmarshalTypeError](err)
	return err == nil || wrongType
}

func TestBodyReadsWhatEncodingJSONDoes(t *testing.T) {
	for _, row := range []struct{ why, body string }{
		{"all of it", `{"member":1,"text":"t","raw":[1, 2],"list":[{"name":"n"}],"lists":[["a","b"]],"sample":{"inner":{"id":"i"}}}`},
		{"what nobody asks for, between", `{"a":{"text":[{}]},"text":"t","b":[1,{"text":"x"}],"raw":{"a":1},"c":null}`},
		{"nothing", ` { } `},
		{"fields without a name of their own, and of an embedded struct", `{"notag":"a","embedded":"b"}`},
		{"members", `{"object":{"a":{"name":"n"},"b":7,"\u0063":{"name":"m"},"a":{"amount":1}}}`},
		{"two objects, of which the last counts", `{"object":{"a":{"name":"n"}},"object":{"b":{}}}`},
		{"and then none", `{"object":{"a":{"name":"n"}},"\u006fbject":[]}`},
		{"more members than are read", `{"object":{` + strings.Repeat(`"a":{},`, 16) + `"b":{}},"\u006fbject":{` + strings.Repeat(`"c":{},`, 16) + `"d":{}}}`},
		{"a name with an escape that no field has", `{"te\nxt":1,"te\ud83d\ude00xt":2,"te\/xt":3}`},
		{"a name twice", `{"text":"a","text":"b","member":1,"member":2,"sample":{"name":"n"},"sample":{"amount":1}}`},
		{"names in other letters", `{"TEXT":"t","Sample":{"INNER":{"iD":"i"}},"Texts":1}`},
		{"a name with an escape", `{"te\u0078t":"t","s\u0061mple":{"na\u006de":"n"},"T\u0045XT":"u"}`},
		{"names beyond ASCII, one of which folds to k", `{"te\u212at":1,"é":2,"TÉXT":3,"raw":4}`},
		{"long s folds to s", `{"\u017fample":{"name":"n"},"ſample":{"amount":7}}`},
		{"values of wrong types", `{"text":{"a":[1]},"list":{"name":"n"},"lists":7,"sample":[{"name":"n"}],"raw":"r"}`},
		{"more elements than are read", `{"list":[` + strings.Repeat(`{"name":"n"},`, 20) + `{"name":"last"}],"lists":[["a","b","c"]]}`},
		{"elements of wrong types", `{"list":[7,null,{"name":"n"},"x"],"lists":["a",["b"]]}`},
		{"null for each", `{"member":null,"text":null,"raw":null,"list":null,"lists":null,"sample":null}`},
		{"invalid UTF-8", "{\"text\":\"\xff\",\"te\xffxt\":1,\"raw\":\"\xc3\"}"},
		{"every escape", `{"text":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800"}`},
		{"every kind of number", `{"raw":[0,-0,1.5,-2e3,3E+4,5e-6,9007199254740993,1e999]}`},
		{"deep, and not asked for", `{"a":` + strings.Repeat("[", 9999) + strings.Repeat("]", 9999) + `,"text":"t"}`},
		{"one deeper than encoding/json goes", `{"a":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`},
		{"deeper, and asked for", `{"raw":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`},
		{"a control character", "{\"a\":\"\n\"}"},
		{"a number that begins with 0", `{"a":01}`},
		{"a comma too many", `{"a":1,}`},
		{"two objects", `{} {}`},
		{"an object that does not end", `{"a":1`},
		{"a NUL behind it", "{}\x00"},
	} {
		t.Run(row.why, func(t *testing.T) { assertReads(t, []byte(row.body)) })
	}
}

// FuzzBody: whatever comes, Body reads what encoding/json does.
func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"member":1,"text":"t","raw":[1, 2],"list":[{"name":"n"}],"lists":[["a","b"]],"sample":{"inner":{"id":"i"}}}`))
	f.Add([]byte(`{"TEXT":"\ud800","te\u0078t":1e999,"\u017fample":{"NAME":null},"list":[[],{}]}`))
	f.Add([]byte("\ufeff{\"amount\":1e999}"))
	f.Add([]byte(`{"a":[{"b":"\\"},-0.1E+2,true,false,null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		assertReads(t, body)
	})
}
