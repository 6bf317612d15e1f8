package function_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

// marshal returns an event as API Gateway sends it.
func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

func TestReadProxyRequest(t *testing.T) {
	r, err := function.ReadRequest(marshal(t, events.APIGatewayProxyRequest{
		Resource: "/stripe", Path: "/stripe", HTTPMethod: "POST",
		Headers:           map[string]string{"X-Sig": "last"},
		MultiValueHeaders: map[string][]string{"x-sig": {"a"}},
		RequestContext:    events.APIGatewayProxyRequestContext{RequestID: "req-1", ExtendedRequestID: "ext-1"},
		Body:              "e30=", IsBase64Encoded: true,
	}))
	require.NoError(t, err)
	assert.Equal(t, function.Request{
		Resource: "/stripe", RequestID: "req-1", ExtendedRequestID: "ext-1", Header: providertest.Header(map[string]string{"x-sig": "a"}),
		Body: []byte("e30="), IsBase64Encoded: true,
	}, r)
}

func TestReadAuthorizerRequest(t *testing.T) {
	r, err := function.ReadRequest(marshal(t, events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type: "REQUEST", MethodArn: "arn:aws:execute-api:us-east-1:1:api/live/POST/stripe", Resource: "/stripe",
		MultiValueHeaders: map[string][]string{"X-Sig": {"a"}},
		RequestContext:    events.APIGatewayCustomAuthorizerRequestTypeRequestContext{RequestID: "req-1"},
	}))
	require.NoError(t, err)
	assert.Equal(t, function.Request{
		Resource: "/stripe", MethodARN: "arn:aws:execute-api:us-east-1:1:api/live/POST/stripe", RequestID: "req-1",
		Header: providertest.Header(map[string]string{"X-Sig": "a"}),
	}, r, "authorizers get no body")
}

func TestReadHeaders(t *testing.T) {
	for _, row := range []struct {
		why, event string
		want       string // "" for the reason
		reason     provider.Reason
	}{
		{"once", `{"multiValueHeaders":{"X-Sig":["a"]}}`, "a", ""},
		{"an escaped name and value", `{"multiValueHeaders":{"\u0058-Sig":["\u00e9\"\\"]}}`, `é"\`, ""},
		{"without multiValueHeaders, headers", `{"headers":{"X-Sig":"a"}}`, "a", ""},
		{"with empty ones, too", `{"headers":{"X-Sig":"a"},"multiValueHeaders":{}}`, "a", ""},
		{"null, which API Gateway's console sends", `{"headers":{"X-Sig":"a"},"multiValueHeaders":null}`, "a", ""},
		{"multiValueHeaders take precedence", `{"multiValueHeaders":{"Y":["b"]},"headers":{"X-Sig":"a"}}`, "", provider.HeaderMissing},
		{"a header without a value, and headers are not used", `{"multiValueHeaders":{"X-Sig":[]},"headers":{"X-Sig":"a"}}`, "", provider.HeaderMissing},
		{"repeated", `{"multiValueHeaders":{"X-Sig":["a","b"]}}`, "", provider.HeaderRepeated},
		{"under two spellings", `{"multiValueHeaders":{"X-Sig":["a"],"x-sig":["b"]}}`, "", provider.HeaderRepeated},
		{"a member that occurs twice", `{"multiValueHeaders":{"X-Sig":["a"],"X-Sig":["b"]}}`, "", provider.HeaderRepeated},
		{"values of other types are skipped", `{"multiValueHeaders":{"X-Sig":[7,null,{}]}}`, "", provider.HeaderMissing},
		{"so is a list", `{"multiValueHeaders":["X-Sig","a"]}`, "", provider.HeaderMissing},
		{"no headers at all", `{}`, "", provider.HeaderMissing},
	} {
		t.Run(row.why, func(t *testing.T) {
			r, err := function.ReadRequest([]byte(row.event))
			require.NoError(t, err)
			value, err := r.Header.Value("X-Sig")
			assert.Equal(t, row.want, value)
			if row.reason != "" {
				assert.ErrorIs(t, err, row.reason)
			}
		})
	}
}

func TestReadBody(t *testing.T) {
	for _, row := range []struct {
		why, event, want string
		err              error
	}{
		{"base64", `{"body":"e30=","isBase64Encoded":true}`, "{}", nil},
		{"text that is not flagged", `{"body":"{\"id\":\"\u00e9\"}","isBase64Encoded":false}`, `{"id":"é"}`, nil},
		{"without a flag", `{"body":"e30="}`, "e30=", nil},
		{"base64 with an escaped slash", `{"body":"\/\/\/\/","isBase64Encoded":true}`, "\xff\xff\xff", nil},
		{"none", `{"body":null,"isBase64Encoded":true}`, "", nil},
		{"flagged as base64, and is not", `{"body":"{","isBase64Encoded":true}`, "", provider.BodyNotBase64},
	} {
		t.Run(row.why, func(t *testing.T) {
			r, err := function.ReadRequest([]byte(row.event))
			require.NoError(t, err)
			body, err := r.RawBody()
			assert.Equal(t, row.want, string(body))
			assert.ErrorIs(t, err, row.err)
		})
	}
}

func TestReadRequestRefuses(t *testing.T) {
	for why, text := range map[string]string{
		"nothing":                  "",
		"an array":                 `[]`,
		"cut off":                  `{"resource":"/stripe"`,
		"cut off in a text":        `{"resource":"/str`,
		"cut off in the context":   `{"requestContext":{"requestId":"r"`,
		"cut off in the headers":   `{"multiValueHeaders":{"X-Sig":["a"`,
		"not a name":               `{7:1}`,
		"more than one object":     `{"resource":"/stripe"} {}`,
		"deeper than JSON parsers": strings.Repeat(`{"a":`, 10_001),
	} {
		_, err := function.ReadRequest([]byte(text))
		assert.ErrorIs(t, err, function.ErrEvent, why)
	}
}

func TestEventOfAnotherSourceHasNoContent(t *testing.T) {
	for why, text := range map[string]string{
		"a queue":                   `{"Records":[{"body":"x"}]}`,
		"null":                      `{"requestContext":null}`,
		"members of other types":    `{"resource":1,"methodArn":{},"headers":"x","multiValueHeaders":7,"requestContext":[1],"body":{},"isBase64Encoded":"true"}`,
		"names in another spelling": `{"Resource":"/stripe","BODY":"x"}`,
	} {
		r, err := function.ReadRequest([]byte(text))
		assert.NoError(t, err, why)
		assert.Equal(t, function.Request{}, r, why)
	}
}

// FuzzReadRequest compares with encoding/json and the types of aws-lambda-go.
func FuzzReadRequest(f *testing.F) {
	f.Add("X-Sig", "a", []byte(`{}`), true, []byte(`{"body":"e30="}`))
	f.Add("x-\u00e9\"", "\\\n\xff", []byte("\xff\x00"), false, []byte(`{"headers":{"a":[`))
	f.Fuzz(func(t *testing.T, name, value string, body []byte, encoded bool, text []byte) {
		request := events.APIGatewayProxyRequest{
			MultiValueHeaders: map[string][]string{name: {value}},
			RequestContext:    events.APIGatewayProxyRequestContext{RequestID: value},
			Body:              string(body), IsBase64Encoded: encoded,
		}
		if encoded {
			request.Body = base64.StdEncoding.EncodeToString(body)
		}
		var want events.APIGatewayProxyRequest
		marshalled := marshal(t, request)
		require.NoError(t, json.Unmarshal(marshalled, &want))
		r, err := function.ReadRequest(marshalled)
		require.NoError(t, err)
		assert.Equal(t, want.Body, string(r.Body))
		assert.Equal(t, want.RequestContext.RequestID, r.RequestID)
		assert.Equal(t, providertest.MultiHeader(want.MultiValueHeaders), r.Header)
		if encoded {
			raw, err := r.RawBody()
			require.NoError(t, err)
			assert.Equal(t, string(body), string(raw))
		}
		if _, err := function.ReadRequest(text); err == nil {
			assert.True(t, json.Valid(text))
		}
	})
}
