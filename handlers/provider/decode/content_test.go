package decode_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider/decode"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

// nested returns an object with this many levels and an array in the last one.
func nested(levels int) string {
	return strings.Repeat(`{"":`, levels-1) + "[]" + strings.Repeat("}", levels-1)
}

func TestContentHash(t *testing.T) {
	for _, row := range []struct {
		why, a, b string
		want      bool // equal hashes
	}{
		{"the order of members, at every level", `{"a":1,"b":{"c":2,"d":3}}`, `{"b":{"d":3,"c":2},"a":1}`, true},
		{"white space", `{"a":[1,2]}`, " {\r\n\t\"a\" : [ 1 , 2 ] } ", true},
		{"escapes in names and values", `{"a":"é/"}`, `{"\u0061":"\u00e9\/"}`, true},
		{"volatile members of any kind", `{"a":1,"n":2,"m":[{"x":1}]}`, `{"m":"","a":1}`, true},
		{"a volatile name in escapes", `{"a":1,"\u006e":2}`, `{"a":1}`, true},
		{"no members", `{}`, ` { } `, true},
		{"a name that begins like another", `{"a":1,"ab":2,"":3}`, `{"":3,"ab":2,"a":1}`, true},

		{"another value", `{"a":1}`, `{"a":2}`, false},
		{"another name", `{"a":1}`, `{"b":1}`, false},
		{"a name in other letters", `{"a":1}`, `{"A":1}`, false},
		{"one more member", `{"a":1}`, `{"a":1,"b":null}`, false},
		{"a volatile name below the top", `{"a":{"n":2}}`, `{"a":{"n":3}}`, false},
		{"the order of elements", `{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{"a member of another object", `{"a":{"x":1},"b":{}}`, `{"a":{},"b":{"x":1}}`, false},
		{"values exchanged", `{"a":1,"b":2}`, `{"a":2,"b":1}`, false},
		{"another spelling of a number", `{"a":1}`, `{"a":1.0}`, false},
		{"numbers that float64 cannot tell apart", `{"a":9007199254740993}`, `{"a":9007199254740992}`, false},
		{"text and number", `{"a":"1"}`, `{"a":1}`, false},
		{"text and null", `{"a":"null"}`, `{"a":null}`, false},
		{"empty array and object", `{"a":[]}`, `{"a":{}}`, false},
		{"an array and its element", `{"a":[1]}`, `{"a":1}`, false},
		{"empty array and none", `{"a":[[]]}`, `{"a":[]}`, false},
		{"text that looks like an array", `{"a":[]}`, `{"a":"["}`, false},
		{"numbers run together", `{"a":[1,2]}`, `{"a":[12]}`, false},
		{"a string and the start of the next", `{"a":["b","c"]}`, `{"a":["b\"c"]}`, false},
		{"an array's end in another place", `{"a":[[1],2]}`, `{"a":[[1,2]]}`, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			a := decode.ContentHash([]byte(row.a), "n", "m")
			assert.Regexp(t, "^[0-9a-f]{64}$", a)
			assert.Equal(t, row.want, a == decode.ContentHash([]byte(row.b), "n", "m"))
		})
	}
}

func TestContentHashOfWhatOnlyBytesCompare(t *testing.T) {
	values := func(n int) string { return `{"a":[` + strings.Repeat("0,", n-3) + `0]}` }
	for _, row := range []struct {
		why, body string
		want      bool // a hash
	}{
		{"nothing", ``, false},
		{"not an object", `[{}]`, false},
		{"null", `null`, false},
		{"two objects", `{}{}`, false},
		{"text behind it", `{} x`, false},
		{"cut off in an object", `{"a":1`, false},
		{"cut off in an array", `{"a":[1`, false},
		{"cut off in a name", `{"a`, false},
		{"cut off in a volatile member", `{"n":[1`, false},
		{"a number that is none", `{"a":01}`, false},
		{"text that is none", `{"a":"\x"}`, false},
		{"invalid UTF-8: two bytes become one character", "{\"a\":\"\xff\"}", false},
		{"a name twice: readers disagree on which counts", `{"a":1,"b":{"a":2},"a":1}`, false},
		{"a name twice below the top, in escapes", `{"b":{"a":1,"\u0061":1}}`, false},
		{"64 levels", nested(64), true},
		{"65 levels", nested(65), false},
		{"65 levels of a volatile member", `{"n":` + nested(65) + `}`, true},
		{"200,000 values", values(200_000), true},
		{"200,001 values", values(200_001), false},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.Equal(t, row.want, decode.ContentHash([]byte(row.body), "n") != "")
		})
	}
}

// TestContentHashIsStable: rows keep hashes, so that another hash for equal content
// makes redeliveries of large events conflicts. Computed with
//
//	printf '{"a\377[1\377"b\377\377\377' | sha256sum
func TestContentHashIsStable(t *testing.T) {
	assert.Equal(t, "603ad706660ef55f1cd3dbf4f4de613b337672651b6edfc2133aa0240dc7f48c", decode.ContentHash([]byte(`{"a":[1,"b"]}`)))
}

// TestContentHashAroundItsBound: hashes replace long arrays and objects. Of these
// documents none, the inner, or both are long.
func TestContentHashAroundItsBound(t *testing.T) {
	seen := map[string]bool{}
	for size := 4000; size < 4120; size++ {
		long := strings.Repeat("x", size)
		for _, bodies := range [][2]string{
			{`{"a":{"b":"` + long + `","c":[1]},"d":{}}`, `{"d":{},"a":{"c":[1],"b":"` + long + `"}}`},
			{`{"a":[{"b":1,"c":2},"` + long + `"],"d":{}}`, `{"d":{},"a":[{"c":2,"b":1},"` + long + `"]}`},
			{`{"a":{"` + long + `":1,"c":2},"d":{}}`, `{"d":{},"a":{"c":2,"` + long + `":1}}`},
			{`{"a":{"b":"` + long + `","c":[2]},"d":{}}`, `{"d":{},"a":{"c":[2],"b":"` + long + `"}}`},
		} {
			hash := decode.ContentHash([]byte(bodies[0]))
			assert.Equal(t, hash, decode.ContentHash([]byte(bodies[1])), "%d", size)
			assert.False(t, seen[hash], "%d", size)
			seen[hash] = true
		}
	}
}

// TestContentHashOfHostileBodies counts what is allocated, in bodies of 4.5 MB.
// A processor and a consumer have 256 MB.
func TestContentHashOfHostileBodies(t *testing.T) {
	names := &bytes.Buffer{}
	for i := range 400_000 {
		fmt.Fprintf(names, `"%06d":0,`, i)
	}
	for _, body := range [][]byte{
		providertest.LargeBody(`{"a":[`, `0`, `]}`),
		providertest.LargeBody(`{"a":[`, `{"":{}}`, `]}`),
		providertest.LargeBody(`{"a":[`, `[]`, `]}`),
		providertest.LargeBody(strings.Repeat(`{"":`, 9900)+`[`, `{"":{}}`, `]`+strings.Repeat(`}`, 9900)),
		providertest.LargeBody(`{`, `"":0`, `}`),
		providertest.LargeBody(`{"a":"`, `\u0000`, `"}`),
		[]byte(`{` + names.String() + `"a":0}`),
	} {
		providertest.RequireAllocation(t, body, providertest.Skipped, func() { decode.ContentHash(body) })
	}
}

// FuzzContentHash: bodies with equal hashes are equal to encoding/json, which
// writes members in the order of their names.
func FuzzContentHash(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[true,null,"\u00e9"]}`), []byte(`{"b":[true,null,"é"],"a":1}`))
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":1.0}}`))
	long := strings.Repeat("x", 5000)
	f.Add([]byte(`{"b":{"d":"`+long+`","c":[{"b":1,"a":2}]},"a":1}`), []byte(`{"a":1,"b":{"d":"`+long+`","c":[{"b":1,"a":3}]}}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		hash := decode.ContentHash(a)
		if hash == "" {
			return
		}
		again, _ := json.Marshal(content(t, a))
		assert.Equal(t, hash, decode.ContentHash(again))
		if other := decode.ContentHash(b); other != "" {
			assert.Equal(t, reflect.DeepEqual(content(t, a), content(t, b)), hash == other)
		}
	})
}

// content reads a body with encoding/json.
func content(t *testing.T, body []byte) (v map[string]any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	assert.NoError(t, d.Decode(&v))
	return v
}

func TestSameContent(t *testing.T) {
	received := func(body string) event.Event {
		return event.Event{Payload: []byte(body), ContentSHA256: decode.ContentHash([]byte(body), "n")}
	}
	inS3 := func(body string) event.Event {
		e := received(body)
		e.Payload, e.PayloadRef = nil, "oversize/x"
		return e
	}
	older := func(e event.Event) event.Event {
		e.ContentSHA256 = ""
		return e
	}
	const body, again, other = `{"a":1,"n":2}`, `{"n":3,"a":1}`, `{"a":2,"n":2}`
	for _, row := range []struct {
		why  string
		a, b event.Event
		want bool
	}{
		{"equal hashes", received(body), received(again), true},
		{"other hashes", received(body), received(other), false},
		{"equal hashes of bodies in S3", inS3(body), inS3(again), true},
		{"other hashes of bodies in S3", inS3(body), inS3(other), false},
		{"a row before there were hashes", older(received(body)), received(again), true},
		{"another body in such a row", older(received(body)), received(other), false},
		{"a row before there were hashes, its body in S3", older(inS3(body)), inS3(again), false},
		{"two without hashes, in S3", older(inS3(body)), older(inS3(body)), false},
		{"two that have no hash", received(`{"a":1,"a":1}`), received(`{"a":1, "a":1}`), false},
		{"a hash that was made with other volatile members", event.Event{Payload: []byte(body), ContentSHA256: decode.ContentHash([]byte(body))}, received(again), true},
	} {
		assert.Equal(t, row.want, decode.SameContent(row.a, row.b, "n"), row.why)
		assert.Equal(t, row.want, decode.SameContent(row.b, row.a, "n"), row.why)
	}
}

func TestSameObject(t *testing.T) {
	stored := event.Event{
		Type: "charge.updated", Livemode: new(true), ObjectType: "charge", ObjectID: "ch_1",
		Related: map[string]string{"customer": "cus_1", "order": "o_1"},
	}
	for _, row := range []struct {
		why    string
		change func(*event.Event)
		want   bool
	}{
		{"all equal", func(e *event.Event) { e.Livemode = new(true) }, true},
		{"a related id that only one has", func(e *event.Event) { e.Related = map[string]string{"invoice": "in_1", "order": "o_1"} }, true},
		{"another related id", func(e *event.Event) { e.Related = map[string]string{"customer": "cus_2"} }, false},
		{"another type", func(e *event.Event) { e.Type = "charge.failed" }, false},
		{"another mode", func(e *event.Event) { e.Livemode = new(false) }, false},
		{"no mode", func(e *event.Event) { e.Livemode = nil }, false},
		{"another kind of object", func(e *event.Event) { e.ObjectType = "refund" }, false},
		{"another object", func(e *event.Event) { e.ObjectID = "ch_2" }, false},
		{"no object", func(e *event.Event) { e.ObjectID = "" }, false},
	} {
		incoming := stored
		row.change(&incoming)
		assert.Equal(t, row.want, decode.SameObject(stored, incoming), row.why)
		assert.Equal(t, row.want, decode.SameObject(incoming, stored), row.why)
	}
}
