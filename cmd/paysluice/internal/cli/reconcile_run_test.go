package cli

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

const hook = "https://hooks.example.com/x"

// reconciled is AWS with one stack, and a provider that lists one event of 90 minutes
// ago. What is sent to the queue is in the table after one more read.
type reconciled struct {
	api            *providerapi.Server
	mu             sync.Mutex             // held by a request
	secret         string                 // JSON document
	noKeys         bool                   // the secret is not one of a key
	stackKeys      string                 // JSON document of the stack's own secret of keys, "" without one
	rows           string                 // items of a query
	denied         map[string]bool        // operations of AWS
	sent, read     func()                 // a message is sent, rows are read
	refuse         func(id string) string // the error code of SendMessage for an event, "" for none
	queued, stored []map[string]any
	out            io.Writer
	stdout, stderr bytes.Buffer
}

func newReconciled(t *testing.T, p contract.Provider) *reconciled {
	t.Helper()
	r := &reconciled{api: providerapi.New(p), denied: map[string]bool{}, sent: func() {}, read: func() {}, refuse: func(string) string { return "" }}
	r.out = &r.stdout
	t.Cleanup(r.api.Close)
	r.list("e1", 90*time.Minute)
	r.api.Subscribe(providerapi.Endpoint{ID: "we_1", URL: hook, Types: []string{"*"}})
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	key := providerapi.Key()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "PAYSLUICE_STACK": "prod",
		"STRIPE_API_KEY": key.Token, "PAYPAL_CLIENT_ID": key.ClientID, "PAYPAL_CLIENT_SECRET": key.ClientSecret, "SQUARE_ACCESS_TOKEN": key.Token,
	} {
		t.Setenv(name, value)
	}
	return r
}

// list adds an event of some time ago to the provider's list.
func (r *reconciled) list(id string, ago time.Duration) {
	at := time.Now().Add(-ago)
	body := fmt.Appendf(nil, `{"id":%q,"object":"event","api_version":"2026-01-28","created":%d,"livemode":false,`+
		`"type":"charge.succeeded","data":{"object":{"id":"ch_1","object":"charge","amount":100,"currency":"usd","status":"succeeded"}}}`, id, at.Unix())
	if r.api.Provider.Name == contract.PayPal().Name {
		body = fmt.Appendf(nil, `{"id":%q,"create_time":%q,"event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"c1"},"links":[]}`, id, at.Format(time.RFC3339))
	}
	r.api.Add(providerapi.Event{ID: id, Created: at, Body: body})
}

func (r *reconciled) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, _ := io.ReadAll(request.Body)
	r.mu.Lock() // an interrupted command leaves a request behind
	defer r.mu.Unlock()
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	switch {
	case r.denied[operation]:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException"}`)
	case strings.Contains(string(text), "Action=DescribeStacks"):
		_, _ = io.WriteString(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>prod</StackName><StackId>arn</StackId><Description>paysluice</Description><Outputs>")
		outputs := map[string]string{"StripeUrl": hook, "PayPalUrl": hook, "SquareUrl": hook, "TableName": "events", "BucketName": "archive", "QueueUrl": "http://" + request.Host + "/1/q"}
		if r.stackKeys != "" {
			outputs["ApiKeysSecretArn"] = "arn:aws:secretsmanager:us-east-1:1:secret:provider-api-keys-prod-AbCdEf"
		}
		for name, value := range outputs {
			_, _ = fmt.Fprintf(w, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", name, value)
		}
		_, _ = io.WriteString(w, "</Outputs><Parameters><member><ParameterKey>EventRetentionDays</ParameterKey><ParameterValue>20</ParameterValue></member></Parameters>"+
			"</member></Stacks></DescribeStacksResult></DescribeStacksResponse>")
	case operation == "GetSecretValue" && strings.Contains(string(text), "provider-api-keys"):
		_ = json.NewEncoder(w).Encode(map[string]string{"VersionId": "1", "SecretString": r.stackKeys})
	case operation == "GetSecretValue" && (r.secret == "" || r.noKeys && strings.Contains(string(text), "api-key")):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException"}`)
	case operation == "GetSecretValue":
		_ = json.NewEncoder(w).Encode(map[string]string{"VersionId": "1", "SecretString": r.secret})
	case operation == "BatchGetItem":
		r.read()
		_ = json.NewEncoder(w).Encode(map[string]any{"Responses": map[string]any{"events": r.stored}})
		r.stored, r.queued = append(r.stored, r.queued...), nil
	case operation == "SendMessage":
		var message struct{ MessageBody string }
		_ = json.Unmarshal(text, &message)
		if code := r.receive(message.MessageBody); code != "" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"__type":%q}`, code)
			return
		}
		r.sent()
		_, _ = fmt.Fprintf(w, `{"MessageId":"1","MD5OfMessageBody":"%x"}`, md5.Sum([]byte(message.MessageBody)))
	case operation == "Query":
		_, _ = fmt.Fprintf(w, `{"Items":[%s]}`, r.rows)
	default: // S3
		_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
	}
}

// receive makes a message an item of DynamoDB's JSON, unless it is refused.
func (r *reconciled) receive(message string) (refused string) {
	e, err := event.Decode(message)
	if err != nil {
		panic(err)
	}
	if code := r.refuse(strings.TrimPrefix(e.ID, e.Provider+":")); code != "" {
		return code
	}
	item := map[string]any{}
	for name, value := range table.ToItem(e) {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			item[name] = map[string]string{"S": v.Value}
		case *types.AttributeValueMemberN:
			item[name] = map[string]string{"N": v.Value}
		}
	}
	r.queued = append(r.queued, item)
	return ""
}

// run executes the command and returns its exit code.
func (r *reconciled) run(t *testing.T, args string) int { return r.runUntil(t.Context(), t, args) }

func (r *reconciled) runUntil(ctx context.Context, t *testing.T, args string) int {
	t.Helper()
	r.stdout.Reset()
	r.stderr.Reset()
	words := append([]string{"reconcile", r.api.Provider.Name, "--since", "2h", "--api-url", r.api.URL}, strings.Fields(args)...)
	code := Run(ctx, words, strings.NewReader("no\n"), r.out, &r.stderr)
	assert.NotContains(t, r.stdout.String()+r.stderr.String(), "marked", "the key")
	return code
}

func TestReconcile(t *testing.T) {
	for _, row := range []struct {
		why      string
		provider contract.Provider
		args     string
		before   func(*reconciled)
		code     int
		says     string
	}{
		{"CloudFormation refuses", contract.Stripe(), "", func(r *reconciled) { r.denied[""] = true }, exitFailed, "DescribeStacks"},
		{"an event is missing", contract.Stripe(), "", nil, exitFound, "The provider may still deliver 1"},
		{"a refill is proved", contract.Stripe(), "--refill --yes --all-types", nil, exitDone, "0 to be delivered again, 1 sent to webhook-queue"},
		{"the provider fails once", contract.Stripe(), "", func(r *reconciled) {
			r.api.Fault = func(w http.ResponseWriter, _ *http.Request, number int) bool {
				w.Header().Set("Retry-After", "0")
				if number == 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				return number == 1
			}
		}, exitFound, "next attempt in 0s"},
		{"a delivery does not arrive", contract.PayPal(), "--sandbox --refill --yes --wait 1ms", nil, exitFound, "repeat the comparison later, or add --store"},
		{"the operator declines", contract.Stripe(), "--refill", nil, exitFailed, "not confirmed: nothing was done"},
		{"the queue refuses", contract.Stripe(), "--refill --yes", func(r *reconciled) { r.denied["SendMessage"] = true }, exitFound, "Not refilled: 1 event, named above with the reason."},
		{"the proof fails", contract.Stripe(), "--refill --yes", func(r *reconciled) { r.sent = func() { r.denied["BatchGetItem"] = true } }, exitFailed, "1 sent to webhook-queue"},
		{"the table cannot be read", contract.Stripe(), "--place PLACE", func(r *reconciled) { r.denied["BatchGetItem"] = true }, exitFailed, "the same command resumes there"},
		{"the result cannot be printed", contract.Stripe(), "", func(r *reconciled) { r.out = fullDisk{} }, exitFailed, errFull.Error()},
		{"all findings", contract.Stripe(), "-o ndjson", nil, exitFound, `{"state":"missing","eventId":"stripe:e1","type":"charge.succeeded","timestamp":`},
		{"their counts", contract.Stripe(), "-o ndjson", nil, exitFound, "1 listed: 0 stored, 0 different, 0 archived, 0 on the way, 0 not expected, 0 unreadable, 1 missing"},
		{"the findings cannot be printed", contract.Stripe(), "-o ndjson", func(r *reconciled) { r.out = fullDisk{} }, exitFailed, errFull.Error()},
		{"a list that is empty", contract.Stripe(), "--since 1h -o json", nil, exitDone, `"examples": []`},
		{"another endpoint", contract.Stripe(), "--webhook-url https://other.example.com", nil, exitFailed, "name another with --webhook-url"},
		{"no Connect endpoint", contract.Stripe(), "--account acct_1", nil, exitFailed, "for the events of connected accounts\n"},
		{"PayPal's accounts", contract.PayPal(), "--account x", nil, exitUsage, "PayPal lists the events of one app"},
		{"Stripe's limit", contract.Stripe(), "--since 40d", nil, exitUsage, "Stripe lists events of the last 30 days only"},
		{"the table's limit", contract.Stripe(), "--since 25d", nil, exitUsage, "the table keeps events for EventRetentionDays only, 20 days"},
		{"the same with a file", contract.Stripe(), "--since 25d --place PLACE", nil, exitUsage, "20 days"},
		{"a folder that is not there", contract.Stripe(), "--place PLACE/x", nil, exitFailed, "no such file or directory"},
	} {
		t.Run(row.why, func(t *testing.T) {
			r := newReconciled(t, row.provider)
			if row.before != nil {
				row.before(r)
			}
			code := r.run(t, strings.ReplaceAll(row.args, "PLACE", filepath.Join(t.TempDir(), "place.json")))
			assert.Equal(t, row.code, code, "%s%s", &r.stdout, &r.stderr)
			assert.Contains(t, r.stdout.String()+r.stderr.String(), row.says)
		})
	}
}

func TestReconcileRejectsFlags(t *testing.T) {
	for args, says := range map[string]string{
		"adyen": "PROVIDER must be one of stripe, paypal, square",
		"stripe --since yesterday --until x --store --wait -1s": `--since: "yesterday" must be`,
		"stripe --until x":             `--until: "x" must be`,
		"stripe --since 1h --until 2h": "--since must be before --until and before now",
		"stripe --store":               "--store chooses how --refill works: add --refill",
		"stripe --wait -1s":            "--wait must be 0 or more",
	} {
		var stderr bytes.Buffer
		assert.Equal(t, exitUsage, Run(t.Context(), append([]string{"reconcile"}, strings.Fields(args)...), nil, io.Discard, &stderr), args)
		assert.Contains(t, stderr.String(), says)
	}
}

// A file keeps the place until the result is known.
func TestPlaceOfAComparison(t *testing.T) {
	r := newReconciled(t, contract.Stripe())
	path := filepath.Join(t.TempDir(), "place.json")
	r.denied["BatchGetItem"] = true
	require.Equal(t, exitFailed, r.run(t, "--place "+path))
	r.denied = map[string]bool{}
	r.api.Subscribe(
		providerapi.Endpoint{ID: "we_2", URL: hook + "/2", Types: []string{"*"}},
		providerapi.Endpoint{ID: "we_3", URL: hook, Types: []string{"*"}, Application: "ca_1"},
	)
	for _, other := range []string{"--thin", "--all-types", "--sandbox", "--webhook-url " + hook + "/2", "--account acct_1"} {
		assert.Equal(t, exitUsage, r.run(t, other+" --place "+path), other)
		assert.Contains(t, r.stderr.String(), "is the place of another comparison: name another file")
	}
	assert.Equal(t, exitFound, r.run(t, "--place "+path))
	assert.Contains(t, r.stderr.String(), "resuming at ")
	assert.NoFileExists(t, path)

	r.sent = func() { r.read = func() { _ = os.Remove(path) } } // by the proof
	assert.Equal(t, exitFailed, r.run(t, "--refill --yes --place "+path), "the file is gone")
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	assert.Equal(t, exitFailed, r.run(t, "--place "+path))
	assert.Contains(t, r.stderr.String(), "is not the place of a comparison: name another file")
	assert.Equal(t, exitFailed, r.run(t, "--place "+filepath.Dir(path)), "a folder")
	assert.Error(t, replaceFile(path, func() {}), "no JSON")
}

func TestKeyOfAProvider(t *testing.T) {
	r := newReconciled(t, contract.PayPal())
	for _, name := range []string{"PAYPAL_CLIENT_ID", "PAYPAL_CLIENT_SECRET", "SQUARE_ACCESS_TOKEN"} {
		t.Setenv(name, "")
	}
	assert.Equal(t, exitUsage, r.run(t, ""))
	assert.Contains(t, r.stderr.String(), `no key for PayPal: set PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET, or put {"clientId"`)
	r.denied["GetSecretValue"] = true
	assert.Equal(t, exitUsage, r.run(t, ""))
	assert.Contains(t, r.stderr.String(), "the secret paypal-api-key- may not be read: access denied: secretsmanager:GetSecretValue on ")
	delete(r.denied, "GetSecretValue")
	r.secret = `{"clientId":"marked-client","clientSecret":"marked-secret","environment":"sandbox"}`
	assert.Equal(t, exitFound, r.run(t, ""), &r.stderr)
	assert.Contains(t, r.stderr.String(), "key for PayPal: from the secret paypal-api-key-")
	r.stackKeys, r.secret = `{"paypal":`+r.secret+`}`, ""
	assert.Equal(t, exitFound, r.run(t, ""), &r.stderr)
	assert.Contains(t, r.stderr.String(), "key for PayPal: from the secret provider-api-keys-prod\n")
	r.stackKeys = "{}"
	assert.Equal(t, exitUsage, r.run(t, ""))
	assert.Contains(t, r.stderr.String(), `, or as "paypal" into the secret provider-api-keys-prod`)
	r.stackKeys = "marked-"
	assert.Equal(t, exitFailed, r.run(t, ""))
	assert.Contains(t, r.stderr.String(), "secret provider-api-keys-prod: the key is malformed: it is not a JSON object")

	var key source.Key
	asked := []string{}
	ask := func(_ context.Context, what string) ([]byte, error) {
		asked = append(asked, what)
		return []byte("entered"), nil
	}
	for _, p := range []contract.Provider{contract.PayPal(), contract.Square()} {
		from, err := enterKey(t.Context(), keyFields(p, &key), ask, nil)
		require.NoError(t, err)
		assert.Equal(t, "the terminal", from)
	}
	assert.Equal(t, []string{"The client id of PayPal's app", "The client secret of PayPal's app", "The access token of Square's application"}, asked)
	assert.Equal(t, []string{"entered", "entered", "entered"}, []string{key.ClientID, key.ClientSecret, key.Token})
	for _, err := range []error{errDown, errUsage} {
		failing := func(context.Context, string) ([]byte, error) { return nil, err }
		want := map[bool]error{true: errDeclined, false: err}[errors.Is(err, errUsage)]
		_, got := enterKey(t.Context(), keyFields(contract.Square(), &key), failing, errDeclined)
		assert.ErrorIs(t, got, want)
	}
}

// A provider that the comparison does not know is an error, not a crash.
func TestComparisonOfAnUnknownProvider(t *testing.T) {
	newReconciled(t, contract.Stripe())
	a := &app{now: time.Now, err: io.Discard, name: "prod"}
	s, err := a.find(t.Context())
	require.NoError(t, err)
	_, err = a.reconciliation(t.Context(), &reconcileFlags{}, s, contract.Provider{Name: "adyen"})
	assert.ErrorContains(t, err, "adyen")
}

func TestProgressOfAComparison(t *testing.T) {
	var shown bytes.Buffer
	now := time.Now()
	r := &reconciliation{app: &app{err: &shown, now: func() time.Time { return now }}, printed: now.Add(-lineInterval)}
	for range 2 {
		require.NoError(t, r.say(reconcile.Start(time.Unix(0, 0), now)))
	}
	assert.Equal(t, "compared until 1970-01-01T00:00:00Z: 0 listed, 0 missing\n", shown.String())
}
