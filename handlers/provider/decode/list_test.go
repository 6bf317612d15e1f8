package decode_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider/decode"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

func TestList(t *testing.T) {
	type item struct {
		ID   string              `json:"id"`
		More decode.List[string] `json:"more"`
	}
	of := func(ids ...string) (l decode.List[item]) {
		for i, id := range ids {
			l[i].ID = id
		}
		return l
	}
	sixteen := strings.Split(strings.Repeat("a", 16), "")

	for _, tt := range []struct {
		why, value string
		want       decode.List[item]
	}{
		{"elements", ` [ {"id":"a"} , {"id":"b"} ] `, of("a", "b")},
		{"a list in a list", `[{"id":"a","more":["x","y"]}]`, decode.List[item]{{ID: "a", More: decode.List[string]{"x", "y"}}}},
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
				List  decode.List[item] `json:"list"`
				After string            `json:"after"`
			}
			require.NoError(t, decode.Unmarshal([]byte(`{"list":`+tt.value+`,"after":"x"}`), &got))
			assert.Equal(t, tt.want, got.List)
			assert.Equal(t, "x", got.After)
		})
	}
}

type withMembers struct {
	Object decode.Members[sample] `json:"object"`
	After  string                 `json:"after"`
}

func TestMembers(t *testing.T) {
	for _, tt := range []struct {
		why, object, name string
		want              sample
	}{
		{"between others", `{"a":[{"name":1}],"x":{"name":"n","inner":{"id":"i"}},"b":{"name":"m"}}`, "x", named("n", "i")},
		{"of two the last", `{"x":{"name":"a"},"x":{"inner":{"id":"i"}},"b":3}`, "x", named("", "i")},
		{"written with an escape", `{"\u0078":{"name":"n"}}`, "x", named("n", "")},
		{"the sixteenth", `{` + strings.Repeat(`"a":1,`, 15) + `"x":{"name":"n"}}`, "x", named("n", "")},
		{"one further", `{` + strings.Repeat(`"a":1,`, 16) + `"x":{"name":"n"}}`, "", sample{}},
		{"null", `{"x":null}`, "x", sample{}},
		{"of a wrong type", `{"x":[{"name":"n"}]}`, "x", sample{}},
		{"the only one, under another name", `{"y":{"name":"n"}}`, "y", named("n", "")},
		{"one of two, under another name", `{"y":{"name":"n"},"z":1}`, "", sample{}},
		{"the only one is no object", `{"y":"n"}`, "", sample{}},
		{"none", `{}`, "", sample{}},
		{"a list", `["x",{"name":"n"}]`, "", sample{}},
		{"null instead of an object", `null`, "", sample{}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			var got withMembers
			require.NoError(t, decode.Body([]byte(`{"object":`+tt.object+`,"after":"y"}`), &got))
			name, value := got.Object.Find("x")
			assert.Equal(t, tt.want, unmarked(value))
			assert.Equal(t, tt.name, name)
			assert.Equal(t, "y", got.After)
		})
	}
}

func named(name, id string) sample {
	s := sample{Name: name}
	s.Inner.ID = id
	return s
}

// TestListAndMembersAllocateLittle: what is not kept is not decoded either.
func TestListAndMembersAllocateLittle(t *testing.T) {
	for _, element := range []string{`7`, `{}`, `null`, `"a"`} {
		list := providertest.LargeBody(`[`, element, `]`)
		providertest.RequireAllocation(t, list, providertest.Skipped, func() {
			var l decode.List[sample]
			require.NoError(t, decode.Unmarshal(list, &l))
		})
	}
	body := providertest.LargeBody(`{"object":{`, `"a":{"name":"n"}`, `}}`)
	providertest.RequireAllocation(t, body, providertest.Skipped, func() {
		require.NoError(t, decode.Body(body, new(withMembers)))
	})
}
