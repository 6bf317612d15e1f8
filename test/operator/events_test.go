package operator_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	for _, p := range contract.Providers() {
		id, body := store(t, p)

		var got event.Event
		r := paysluice(t, "events", "get", id, "-o", "json")
		require.Equal(t, 0, r.code, r.stderr)
		require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
		assert.Equal(t, event.Money{Amount: "49.99", Currency: "USD"}, got.Money)
		assert.Empty(t, got.Payload, "shown only on request")
		assert.Equal(t, string(body), paysluice(t, "events", "payload", id).stdout)

		for _, filter := range [][]string{
			{"--provider", p.Name, "--category", "payment.succeeded", "--since", "1h"},
			{"--payment", got.PaymentID},
			{"--type", got.Type, "--endpoint", got.Endpoint, "--since", "2h", "--until", "0s"},
			{"--provider", p.Name, "--limit", "0"},
		} {
			r := paysluice(t, append([]string{"events", "list"}, filter...)...)
			assert.Equal(t, 0, r.code, r.stderr)
			assert.Contains(t, r.stdout, id, filter)
			assert.Contains(t, r.stdout, "49.99  USD")
		}
	}
	r := paysluice(t, "events", "list", "--limit", "1")
	assert.Equal(t, 2, strings.Count(r.stdout, "\n"), "a heading and a row")
	assert.Equal(t, "the list ends after 1 event; --limit shows more\n", r.stderr)
}

func TestEventsThatDoNotExist(t *testing.T) {
	t.Parallel()
	r := paysluice(t, "events", "list", "--account", "nobody", "-o", "json")
	assert.Equal(t, result{0, "[]\n", "no event matches\n"}, r)
	for _, command := range []string{"get", "payload"} {
		r = paysluice(t, "events", command, "stripe:evt_none")
		assert.Equal(t, 1, r.code)
		assert.Contains(t, r.stderr, "not found: no event stripe:evt_none in table WebhookEvents-operator")
	}
}

func TestDeniedNamesThePermission(t *testing.T) {
	t.Parallel()
	r := user(t).run(t, "events", "list")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "access denied: cloudformation:DescribeStacks on ")

	r = user(t, allow("*", "cloudformation:DescribeStacks")).run(t, "events", "list")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, `access denied: dynamodb:Query on `)
	assert.Contains(t, r.stderr, `{"Effect":"Allow","Action":"dynamodb:Query","Resource":`)
}

func TestStackThatCannotBeFound(t *testing.T) {
	t.Parallel()
	s := root()
	s.env = append(s.env, "PAYSLUICE_STACK=other")
	r := s.run(t, "events", "list")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no such stack: us-east-1 has no stack other: check --stack and --region")

	s.env = append(s.env, "AWS_ENDPOINT_URL=https://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1")
	r = s.run(t, "events", "list")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "AWS cannot be reached: check the network, --region and --endpoint-url")

	s.env = append(s.env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true")
	r = s.run(t, "events", "list")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no valid AWS credentials: sign in with aws sso login")
}
