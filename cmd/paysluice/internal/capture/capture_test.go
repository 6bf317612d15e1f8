package capture_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/capture"
)

func TestHeaders(t *testing.T) {
	for _, text := range []string{
		"Stripe-Signature: t=1,v1=a:b\nAccept: */*\n",
		"POST /stripe HTTP/1.1\r\nStripe-Signature:  t=1,v1=a:b \r\n\r\n{\"body\":1}",
	} {
		h, err := capture.Headers([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, []string{"t=1,v1=a:b"}, h.Values("stripe-signature"))
	}
	for text, want := range map[string]string{
		"": "no header line", "POST / HTTP/1.1\n\nA: b": "no header line", "A: b\nno colon": "line 2 of", "A b: c": "line 1 of",
	} {
		_, err := capture.Headers([]byte(text))
		assert.ErrorIs(t, err, capture.ErrFormat, text)
		assert.ErrorContains(t, err, want)
	}
}

func TestEvent(t *testing.T) {
	const context = `"requestContext":{"domainName":"api.example.com","path":"/live/square","requestTimeEpoch":1775001600000}`
	r, err := capture.Event([]byte(`{"httpMethod":"POST","multiValueHeaders":{"A":["1","2"]},"multiValueQueryStringParameters":{"q":["x y"]},` +
		`"body":"` + base64.StdEncoding.EncodeToString([]byte("a\xff")) + `","isBase64Encoded":true,` + context + `}`))
	require.NoError(t, err)
	assert.Equal(t, []string{"1", "2"}, r.Header.Values("a"))
	assert.Equal(t, "a\xff", string(r.Body))
	assert.Equal(t, "https://api.example.com/live/square?q=x+y", r.URL)
	assert.Equal(t, time.Unix(1775001600, 0), r.At)

	r, err = capture.Event([]byte(`{"httpMethod":"POST","body":"{}"}`))
	require.NoError(t, err)
	assert.Equal(t, capture.Request{Header: r.Header, Body: []byte("{}")}, r)
	for text, want := range map[string]string{
		`[]`: "copy the whole event", `{"requestContext":7}`: "cannot unmarshal", `{"version":"2.0"}`: "payload format 1.0",
		`{"httpMethod":"POST","body":"{","isBase64Encoded":true}`: "the event's body: body_not_base64",
	} {
		_, err := capture.Event([]byte(text))
		assert.ErrorIs(t, err, capture.ErrFormat, text)
		assert.ErrorContains(t, err, want)
	}
}

func TestHAR(t *testing.T) {
	entry := func(header, text, encoding string) string {
		return fmt.Sprintf(`{"startedDateTime":"2026-04-01T00:00:00.000Z","request":{"method":"POST","url":"https://a.example.com/b",`+
			`"headers":[{"name":%q,"value":"1"}],"postData":{"text":%q,"encoding":%q}}}`, header, text, encoding)
	}
	file := func(entries ...string) []byte {
		return []byte(`{"log":{"entries":[` + strings.Join(entries, ",") + `]}}`)
	}
	signed := []string{"X-Sig"}
	two := file(entry("Accept", "", ""), entry("x-sig", "body", ""), entry("Accept", "Ym9keQ==", "base64"))
	for number, header := range map[int]string{0: "x-sig", 2: "x-sig", 3: "accept"} {
		r, err := capture.HAR(two, number, signed)
		require.NoError(t, err)
		assert.Equal(t, "body", string(r.Body))
		assert.Equal(t, []string{"1"}, r.Header.Values(header))
		assert.Equal(t, "https://a.example.com/b", r.URL)
		assert.Equal(t, time.Unix(1775001600, 0).UTC(), r.At)
	}
	for _, row := range []struct {
		text   []byte
		number int
		want   string
	}{
		{[]byte("{"), 0, "the HAR file: "},
		{file(), 0, "0 of the HAR file's 0 entries have the header X-Sig"},
		{file(entry("X-Sig", "", ""), entry("X-Sig", "", "")), 0, "2 of the HAR file's 2 entries have the header X-Sig: choose one with --entry 1, 2"},
		{two, 4, "--entry must be 1 to 3"},
		{two, -1, "--entry must be 1 to 3"},
		{file(entry("X-Sig", "?", "base64")), 1, "the body of entry 1 says base64"},
	} {
		_, err := capture.HAR(row.text, row.number, signed)
		assert.ErrorIs(t, err, capture.ErrFormat)
		assert.ErrorContains(t, err, row.want)
	}
}

func TestCurl(t *testing.T) {
	files := func(name string) ([]byte, error) {
		if name == "body.json" {
			return []byte("{\r\n}\n"), nil
		}
		return nil, errors.New("no such file")
	}
	for _, row := range []struct{ why, command, body string }{
		{"as Chrome copies it", "curl 'https://a.example.com/b' \\\n  -H 'X-Sig: 1' \\\r\n  --data-raw $'{\"a\":\"\\u00e9\\x41\\'\\n\"}' \\\n  --compressed", "{\"a\":\"éA'\n\"}"},
		{"double quotes", `curl -sSk -X POST -H "X-Sig: 1" --data-binary "{\"a\":\"\$x\d\"}" https://a.example.com/b`, `{"a":"$x\d"}`},
		{"a continued line in quotes", "curl -H 'X-Sig: 1' --json \"a\\\nb\" --url https://a.example.com/b", "ab"},
		{"several parts", `/usr/bin/curl -H'X-Sig: 1' -d a=b --data c=d -A agent --max-time=5 https://a.example.com/b`, "a=b&c=d"},
		{"the bytes of a file", `curl -H "X-Sig:1" --data-binary @body.json https://a.example.com/b`, "{\r\n}\n"},
		{"a file without its line breaks, as curl sends it", `curl -H "X-Sig:1" -d @body.json https://a.example.com/b`, "{}"},
		{"@ itself", `curl -H X-Sig:\ 1 --data-raw @body.json https://a.example.com/b`, "@body.json"},
		{"odd escapes", `curl -H 'X-Sig: 1' -d $'\q\u' https://a.example.com/b`, `\q\u`},
	} {
		r, err := capture.Curl([]byte(row.command), files)
		require.NoError(t, err, row.why)
		assert.Equal(t, row.body, string(r.Body), row.why)
		assert.Equal(t, []string{"1"}, r.Header.Values("X-Sig"), row.why)
		assert.Equal(t, "https://a.example.com/b", r.URL, row.why)
	}
	for command, want := range map[string]string{
		"": "does not begin with curl", "wget x": "does not begin with curl", "curl -H": "-H has no value", "curl -H x": `header "x" is not Name: value`,
		"curl --data": "--data has no value", "curl -F a=b x": `option "F" is not known here`, "curl --data-urlencode=a x": "not known here",
		"curl 'x": "not closed", `curl "x`: "not closed", `curl $'x`: "not closed", `curl $'x\`: "not closed", `curl \`: "ends with a backslash",
		"curl -d @none x": "no such file",
	} {
		_, err := capture.Curl([]byte(command), files)
		assert.ErrorIs(t, err, capture.ErrFormat, command)
		assert.ErrorContains(t, err, want, command)
	}
}

// FuzzCapture: no capture makes a reader panic.
func FuzzCapture(f *testing.F) {
	f.Add([]byte(`curl -H 'a: b' $'\x41'`))
	f.Fuzz(func(t *testing.T, text []byte) {
		none := func(string) ([]byte, error) { return nil, errors.New("none") }
		for _, read := range []func() error{
			func() error { _, err := capture.Headers(text); return err },
			func() error { _, err := capture.Event(text); return err },
			func() error { _, err := capture.HAR(text, 1, []string{"a"}); return err },
			func() error { _, err := capture.Curl(text, none); return err },
		} {
			if err := read(); err != nil {
				assert.ErrorIs(t, err, capture.ErrFormat)
			}
		}
	})
}
