package published

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

const root = "../../.."

var update = flag.Bool("update", false, "write docs/schema")

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestSchemasAreCurrent(t *testing.T) {
	all, err := documents(read(t, filepath.Join(root, "docs/events.md")), read(t, filepath.Join(root, "docs/consuming.md")))
	require.NoError(t, err)
	for name, document := range all {
		want, err := json.MarshalIndent(document, "", "  ")
		require.NoError(t, err)
		file := filepath.Join(root, "docs/schema", name)
		if *update {
			require.NoError(t, os.WriteFile(file, append(want, '\n'), 0o644))
		}
		assert.Equal(t, string(want)+"\n", read(t, file), "go test ./test/quality/published -update writes it")
	}
	assert.True(t, strings.HasSuffix(cloudevent.DataSchema, "/docs/schema/"+dataFile))
	_, err = documents("", "")
	assert.ErrorContains(t, err, "describes", "a field without a row in a page")
}

func parse(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	var s jsonschema.Schema
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	return &s
}

// The files in testdata are the schemas as they were first released. They never change;
// an incompatible schema is a new version with files of its own.
func TestSchemasAreCompatible(t *testing.T) {
	for _, file := range []string{dataFile, messageFile, asyncAPIFile} {
		released, now := read(t, "testdata/"+file), read(t, filepath.Join(root, "docs/schema", file))
		assert.Empty(t, breaks(parseFile(t, file, released), parseFile(t, file, now), "event"), "%s: readers of the released version cannot read it", file)
	}
}

// parseFile returns the schema in a file of docs/schema: in that of AsyncAPI, the message's
// attributes, by which subscribers filter.
func parseFile(t *testing.T, file, text string) *jsonschema.Schema {
	t.Helper()
	if file != asyncAPIFile {
		return parse(t, text)
	}
	var document struct {
		Components struct {
			Messages struct {
				Event struct{ Headers json.RawMessage }
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	return parse(t, string(document.Components.Messages.Event.Headers))
}

func TestBreakingChangesAreFound(t *testing.T) {
	for _, row := range []struct{ file, why, old, changed, want string }{
		{dataFile, "a field is gone", `"paymentId": {`, `"payment": {`, "event: the member paymentId is gone"},
		{dataFile, "a type", `"receivedAt": {
      "type": "integer"`, `"receivedAt": {
      "type": "string"`, "event.receivedAt: the type changed"},
		{dataFile, "newly required", `"required": [
    "category",`, `"required": [
    "account",
    "category",`, "event: the required members changed"},
		{dataFile, "no longer required", `"required": [
    "category",`, `"required": [`, "event: the required members changed"},
		{dataFile, "a category is gone", `"payment.reversed",`, ``, "event.category: the value payment.reversed is gone"},
		{dataFile, "a list of values where all were allowed", `"account": {`, `"account": {
      "enum": ["a"],`, "event.account: it had any value and has a list"},
		{dataFile, "a limit", `"account": {`, `"account": {
      "maxLength": 10,`, "event.account: the rest changed"},
		{dataFile, "numbers in a map of texts", `"additionalProperties": {
        "type": "string"`, `"additionalProperties": {
        "type": "integer"`, "event.related[]: the type changed"},
		{dataFile, "the place of the body", `"bucket",`, `"pail",`, "event.payload: the alternatives changed"},
		{messageFile, "a constant", `"const": "1.0"`, `"const": "1.1"`, "event.specversion: the constant changed"},
		{messageFile, "the type's prefix", `com\\.`, `org\\.`, "event.type: the pattern changed"},
		{messageFile, "the data", `"$ref": "event-1.json"`, `"$ref": "event-2.json"`, "event.data: the $ref changed"},
		{asyncAPIFile, "an attribute to filter by", `"currency": {`, `"money": {`, "event: the member currency is gone"},
	} {
		released := read(t, "testdata/"+row.file)
		planted := strings.Replace(released, row.old, row.changed, 1)
		require.NotEqual(t, released, planted, row.why)
		found := breaks(parseFile(t, row.file, released), parseFile(t, row.file, planted), "event")
		require.Len(t, found, 1, row.why)
		assert.Contains(t, found[0], row.want, row.why)
	}
	for why, change := range map[string][2]string{
		"a new optional field": {`"properties": {`, `"properties": {"later": {"type": "string"},`},
		"a new category":       {`"payment.reversed",`, `"payment.reversed", "payment.later",`},
		"another description":  {`"description": "`, `"description": "Now `},
	} {
		released := read(t, "testdata/"+dataFile)
		assert.Empty(t, breaks(parse(t, released), parse(t, strings.Replace(released, change[0], change[1], 1)), "event"), why)
	}
}

// resolved returns the schema of a message with that of its data.
func resolved(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	s, err := parse(t, read(t, filepath.Join(root, "docs/schema", messageFile))).Resolve(&jsonschema.ResolveOptions{
		Loader: func(uri *url.URL) (*jsonschema.Schema, error) {
			assert.Equal(t, cloudevent.DataSchema, uri.String())
			return parse(t, read(t, filepath.Join(root, "docs/schema", dataFile))), nil
		},
	})
	require.NoError(t, err)
	return s
}

// published returns the message of a webhook, as a JSON object.
func published(t *testing.T, p provider.Provider, body []byte, change func(*event.Event)) map[string]any {
	t.Helper()
	stored, err := p.Event(body, provider.Origin{Endpoint: "main", Livemode: new(true)})
	require.NoError(t, err)
	stored.Schema, stored.ReceivedAt, stored.Payload, stored.PayloadSHA256 = event.Schema, 1_780_000_000_000, body, event.HashPayload(body)
	change(&stored)
	e, err := cloudevent.From(cloudevent.Source("123456789012", "us-east-1", "test"), stored, cloudevent.Stores{Table: "t", Bucket: "b"})
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(e.Encode()), &object))
	return object
}

// The event of each webhook in the providers' testdata matches the schema, whether its body is
// in the table, in the bucket or erased.
func TestEventsMatchTheSchema(t *testing.T) {
	schema, checked := resolved(t), 0
	for _, p := range all.All(all.Settings{}) {
		files, err := filepath.Glob(filepath.Join(root, "handlers/provider", p.Descriptor().Name, "testdata/events/*.json"))
		require.NoError(t, err)
		for _, file := range files {
			for why, change := range map[string]func(*event.Event){
				"in the table":  func(*event.Event) {},
				"in the bucket": func(e *event.Event) { e.Payload, e.PayloadRef = nil, "k" },
				"erased":        func(e *event.Event) { e.Payload, e.ErasedAt = nil, 1 },
			} {
				assert.NoError(t, schema.Validate(published(t, p, []byte(read(t, file)), change)), "%s, %s", file, why)
				checked++
			}
		}
	}
	assert.Greater(t, checked, 250)
}

func TestSchemaRefuses(t *testing.T) {
	p := all.All(all.Settings{})[0]
	body := []byte(read(t, filepath.Join(root, "handlers/provider/stripe/testdata/events/charge.captured-direct.json")))
	for why, change := range map[string]func(message, data map[string]any){
		"no id":                   func(m, _ map[string]any) { delete(m, "id") },
		"another version":         func(m, _ map[string]any) { m["specversion"] = "2.0" },
		"a category that is none": func(_, d map[string]any) { d["category"] = "payment.lost" },
		"a number as an amount":   func(_, d map[string]any) { d["amount"] = 1.5 },
		"no time":                 func(_, d map[string]any) { delete(d, "timestamp") },
		"a body nowhere":          func(_, d map[string]any) { d["payload"] = map[string]any{"sha256": "00"} },
	} {
		m := published(t, p, body, func(*event.Event) {})
		require.NoError(t, resolved(t).Validate(m))
		change(m, m["data"].(map[string]any))
		assert.Error(t, resolved(t).Validate(m), why)
	}
}

func TestPageShowsAnEvent(t *testing.T) {
	page := read(t, filepath.Join(root, "docs/consuming.md"))
	shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(page)
	require.NotNil(t, shown)
	_, err := cloudevent.Decode([]byte(shown[1]))
	require.NoError(t, err)
	var message any
	require.NoError(t, json.Unmarshal([]byte(shown[1]), &message))
	require.NoError(t, resolved(t).Validate(message))
	for _, policy := range regexp.MustCompile("`(\\{\"[^`]*)`").FindAllStringSubmatch(page, -1) {
		assert.True(t, json.Valid([]byte(policy[1])), policy[1])
	}
}
