package function_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/test/header"
)

// marshal is what API Gateway sends, as aws-lambda-go has it.
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
		MultiValueHeaders: map[string][]string{"x-sig": {"a"}, "Accept": {"*/*"}},
		RequestContext:    events.APIGatewayProxyRequestContext{RequestID: "req-1", ExtendedRequestID: "other"},
		Body:              base64.StdEncoding.EncodeToString([]byte("{}\xff")),
		IsBase64Encoded:   true,
	}))
	require.NoError(t, err)
	assert.Equal(t, "/stripe", r.Resource)
	assert.Equal(t, "req-1", r.RequestID)
	assert.Empty(t, r.MethodARN)
	value, err := r.Header.One("X-Sig")
	assert.NoError(t, err)
	assert.Equal(t, "a", value)
	body, err := r.RawBody()
	assert.NoError(t, err)
	assert.Equal(t, "{}\xff", string(body))
}

func TestReadAuthorizerRequest(t *testing.T) {
	r, err := function.ReadRequest(marshal(t, events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type: "REQUEST", MethodArn: "arn:aws:execute-api:us-east-1:1:api/live/POST/stripe", Resource: "/stripe",
		MultiValueHeaders: map[string][]string{"X-Sig": {"a"}},
		RequestContext:    events.APIGatewayCustomAuthorizerRequestTypeRequestContext{RequestID: "req-1"},
	}))
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:execute-api:us-east-1:1:api/live/POST/stripe", r.MethodARN)
	assert.Equal(t, "/stripe", r.Resource)
	assert.Equal(t, "req-1", r.RequestID)
	_, err = r.Header.One("X-Sig")
	assert.NoError(t, err)
	assert.Empty(t, r.Body, "an authorizer never sees it")
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
		{"multiValueHeaders alone count", `{"multiValueHeaders":{"Y":["b"]},"headers":{"X-Sig":"a"}}`, "", provider.HeaderMissing},
		{"a header without a value is there, and headers do not stand in", `{"multiValueHeaders":{"X-Sig":[]},"headers":{"X-Sig":"a"}}`, "", provider.HeaderMissing},
		{"which of two would be checked?", `{"multiValueHeaders":{"X-Sig":["a","b"]}}`, "", provider.HeaderRepeated},
		{"under two spellings", `{"multiValueHeaders":{"X-Sig":["a"],"x-sig":["b"]}}`, "", provider.HeaderRepeated},
		{"a name that stands twice", `{"multiValueHeaders":{"X-Sig":["a"],"X-Sig":["b"]}}`, "", provider.HeaderRepeated},
		{"values of a wrong type are none", `{"multiValueHeaders":{"X-Sig":[7,null,{}]}}`, "", provider.HeaderMissing},
		{"nor are a list of headers", `{"multiValueHeaders":["X-Sig","a"]}`, "", provider.HeaderMissing},
		{"no headers at all", `{}`, "", provider.HeaderMissing},
	} {
		t.Run(row.why, func(t *testing.T) {
			r, err := function.ReadRequest([]byte(row.event))
			require.NoError(t, err)
			value, err := r.Header.One("X-Sig")
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
		{"a text that is flagged as none", `{"body":"{\"id\":\"\u00e9\"}","isBase64Encoded":false}`, `{"id":"é"}`, nil},
		{"a text without escapes", `{"body":"e30="}`, "e30=", nil},
		{"base64 with an escaped slash", `{"body":"\/\/\/\/","isBase64Encoded":true}`, "\xff\xff\xff", nil},
		{"none", `{"body":null,"isBase64Encoded":true}`, "", nil},
		{"flagged as base64 and is not", `{"body":"{","isBase64Encoded":true}`, "", provider.BodyNotBase64},
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

func TestReadRefusesWhatIsNoObject(t *testing.T) {
	for why, text := range map[string]string{
		"nothing":                "",
		"no object":              `[]`,
		"cut off":                `{"resource":"/stripe"`,
		"cut off in the context": `{"requestContext":{"requestId":"r"`,
		"something behind it":    `{"resource":"/stripe"} {}`,
	} {
		_, err := function.ReadRequest([]byte(text))
		assert.ErrorIs(t, err, function.ErrEvent, why)
	}
}

func TestAnotherEventHasNothing(t *testing.T) {
	for why, text := range map[string]string{
		"of a queue":                      `{"Records":[{"body":"x"}]}`,
		"no context, by hand":             `{"requestContext":null}`,
		"everything of a type of its own": `{"resource":1,"methodArn":{},"headers":"x","multiValueHeaders":7,"requestContext":[1],"body":{},"isBase64Encoded":"true"}`,
		"other names":                     `{"Resource":"/stripe","BODY":"x"}`,
	} {
		r, err := function.ReadRequest([]byte(text))
		assert.NoError(t, err, why)
		assert.Equal(t, function.Request{Header: r.Header, Body: r.Body}, r, why)
		assert.Empty(t, r.Body, why)
		_, err = r.Header.One("x")
		assert.ErrorIs(t, err, provider.HeaderMissing, why)
	}
}

// FuzzRead: what aws-lambda-go writes is read as it was meant, and what is read
// at all is JSON.
func FuzzRead(f *testing.F) {
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
		assert.Equal(t, header.Multi(want.MultiValueHeaders), r.Header)
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
