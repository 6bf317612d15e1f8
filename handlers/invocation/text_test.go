package invocation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/invocation"
)

func TestTextIsTheString(t *testing.T) {
	for _, row := range []struct{ why, value, want string }{
		{"base64, as most are", `"eyJpZCI6IjEifQ=="`, "eyJpZCI6IjEifQ=="},
		{"every character of base64", `"AZaz09+/="`, "AZaz09+/="},
		{"empty", `""`, ""},
		{"a body that came as text", `"{\"id\":\"\u00e9\\n\"}"`, `{"id":"é\n"}`},
		{"an escaped character of base64", `"\/a"`, "/a"},
		{"what is not UTF-8 is replaced, as by encoding/json", "\"a\xff\"", "a\ufffd"},
		{"null, which API Gateway sends for no body", `null`, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			var got struct{ Body invocation.Text }
			require.NoError(t, json.Unmarshal([]byte(`{"body":`+row.value+`}`), &got))
			assert.Equal(t, row.want, string(got.Body))
		})
	}
}

func TestTextIsNothingElse(t *testing.T) {
	assert.Error(t, new(invocation.Text).UnmarshalJSON(nil))
	assert.Error(t, new(invocation.Text).UnmarshalJSON([]byte(`"`)))
	for _, value := range []string{`7`, `{}`, `["a"]`, `true`} {
		assert.Error(t, json.Unmarshal([]byte(value), new(invocation.Text)), value)
	}
}

// FuzzText: a text is what encoding/json makes of it.
func FuzzText(f *testing.F) {
	for _, value := range []string{`"a+/="`, `"\ud83d\ude00\/"`, "\"\xff\"", `""`, ` "a" `, `7`} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		var got invocation.Text
		var want string
		err := json.Unmarshal(value, &want)
		require.Equal(t, err == nil, json.Unmarshal(value, &got) == nil, "%v", err)
		assert.Equal(t, want, strings.Clone(string(got)))
	})
}
