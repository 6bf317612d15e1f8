package envelope_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider/envelope"
	"github.com/paysluice/paysluice/test/allocation"
)

func TestList(t *testing.T) {
	type item struct {
		ID   string                `json:"id"`
		More envelope.List[string] `json:"more"`
	}
	of := func(ids ...string) (l envelope.List[item]) {
		for i, id := range ids {
			l[i].ID = id
		}
		return l
	}
	sixteen := strings.Split(strings.Repeat("a", 16), "")

	for _, tt := range []struct {
		why, value string
		want       envelope.List[item]
	}{
		{"elements", ` [ {"id":"a"} , {"id":"b"} ] `, of("a", "b")},
		{"a list in a list", `[{"id":"a","more":["x","y"]}]`, envelope.List[item]{{ID: "a", More: envelope.List[string]{"x", "y"}}}},
		{"elements of a wrong type keep their place", `[7,null,"x",[],{"id":"a"}]`, of("", "", "", "", "a")},
		{"members of a wrong type are empty, those behind them are read", `[{"more":7,"id":"a"},{"id":{}},{"id":"b"}]`, of("a", "", "b")},
		{"sixteen", `[` + strings.Repeat(`{"id":"a"},`, 15) + `{"id":"a"}]`, of(sixteen...)},
		{"one more", `[` + strings.Repeat(`{"id":"a"},`, 16) + `{"id":"b"}]`, of(sixteen...)},
		{"empty", `[]`, of()},
		{"null", `null`, of()},
		{"an object", `{"id":"a"}`, of()},
		{"a text", `"[]"`, of()},
		{"a number beyond float64", `1e999`, of()},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var got struct {
				List  envelope.List[item] `json:"list"`
				After string              `json:"after"`
			}
			require.NoError(t, envelope.Unmarshal([]byte(`{"list":`+tt.value+`,"after":"x"}`), &got))
			assert.Equal(t, tt.want, got.List)
			assert.Equal(t, "x", got.After)
		})
	}
}

func TestFind(t *testing.T) {
	for _, tt := range []struct{ why, object, want string }{
		{"between others", `{"a":[{"name":1}],"name":{"id":"x"},"b":{"name":2}}`, `{"id":"x"}`},
		{"of two the last", `{"name":1,"name":2,"b":3}`, `2`},
		{"written with an escape", `{"n\u0061me":1}`, `1`},
		{"the sixteenth", `{` + strings.Repeat(`"a":1,`, 15) + `"name":2}`, `2`},
		{"one further", `{` + strings.Repeat(`"a":1,`, 16) + `"name":2}`, ``},
		{"null", `{"name":null}`, `null`},
		{"a name in other letters", `{"Name":1}`, ``},
		{"none", `{}`, ``},
		{"a list", `["name",1]`, ``},
		{"null instead of an object", `null`, ``},
		{"cut off", `{"b":1,"name":[`, ``},
		{"nothing", ``, ``},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, tt.want, string(envelope.Find(json.RawMessage(tt.object), "name")))
		})
	}
}

// TestListAndFindAllocateLittle: what is not kept is not decoded either.
func TestListAndFindAllocateLittle(t *testing.T) {
	for _, element := range []string{`7`, `{}`, `null`, `"a"`} {
		list := allocation.Body(`[`, element, `]`)
		allocation.Require(t, list, func() {
			var l envelope.List[sample]
			require.NoError(t, envelope.Unmarshal(list, &l))
		})
	}
	object := allocation.Body(`{`, `"a":1`, `}`)
	allocation.Require(t, object, func() { assert.Nil(t, envelope.Find(object, "name")) })
}

// FuzzFind: a member is found or not, also outside of encoding/json's checks.
func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"a":`), "a")
	f.Add([]byte(`{"a":1,"a":`), "a")
	f.Add([]byte(`{"\ud800":{}}`), "\ufffd")
	f.Fuzz(func(t *testing.T, object []byte, name string) {
		if found := envelope.Find(object, name); found != nil {
			assert.True(t, json.Valid(found))
		}
	})
}
