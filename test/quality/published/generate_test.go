// Package published keeps the description of the published events: their JSON Schemas
// and the AsyncAPI document in docs/schema are generated from the Go types, and a test
// compares them with the first release of their version.
package published

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/cloudevent"
)

// Files in docs/schema. dataFile is the last segment of cloudevent.DataSchema.
const (
	dataFile     = "event-1.json"
	messageFile  = "cloudevent-1.json"
	asyncAPIFile = "asyncapi.json"
)

// draft07 is the draft that AsyncAPI 3.0 requires of its readers.
const draft07 = "http://json-schema.org/draft-07/schema#"

// documents returns the content of docs/schema by file. Both pages have a table that
// describes the fields.
func documents(events, consuming string) (map[string]any, error) {
	data, err := dataSchema(descriptions(events))
	if err != nil {
		return nil, err
	}
	message, err := messageSchema(descriptions(consuming))
	if err != nil {
		return nil, err
	}
	return map[string]any{dataFile: data, messageFile: message, asyncAPIFile: asyncAPI()}, nil
}

// dataSchema returns the schema of cloudevent.Data.
func dataSchema(described map[string]string) (*jsonschema.Schema, error) {
	categories := &jsonschema.Schema{Type: "string"}
	for _, c := range event.Categories() {
		categories.Enum = append(categories.Enum, string(c))
	}
	body, err := bodySchema()
	if err != nil {
		return nil, err
	}
	s, err := jsonschema.For[cloudevent.Data](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[event.Category](): categories, reflect.TypeFor[cloudevent.Body](): body,
	}})
	if err != nil {
		return nil, err
	}
	// In the table only; traceparent is an attribute of the message.
	for _, kept := range []string{contract.PayloadRefAttribute, contract.ExpiresAtAttribute, "traceparent"} {
		delete(s.Properties, kept)
	}
	s.ID, s.Title = cloudevent.DataSchema, "The data of a published event, "+event.Schema
	s.Required = append(s.Required, contract.EventIDAttribute, "category")
	s.Properties["schema"].Const = jsonschema.Ptr[any](event.Schema)
	return finish(s, described)
}

// bodySchema returns the schema of cloudevent.Body: in the table or in the bucket.
func bodySchema() (*jsonschema.Schema, error) {
	s, err := jsonschema.For[cloudevent.Body](nil)
	if err != nil {
		return nil, err
	}
	s.Description = "Where the raw body is: in an item of a table or in an object of a bucket; absent if an operator erased it"
	s.OneOf = []*jsonschema.Schema{
		{Required: []string{"table", contract.EventIDAttribute, contract.TimestampAttribute}},
		{Required: []string{"bucket", "key"}},
	}
	return s, nil
}

// messageSchema returns the schema of cloudevent.Event.
func messageSchema(described map[string]string) (*jsonschema.Schema, error) {
	s, err := jsonschema.For[cloudevent.Event](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[cloudevent.Data](): {Ref: dataFile},
	}})
	if err != nil {
		return nil, err
	}
	s.ID = strings.TrimSuffix(cloudevent.DataSchema, dataFile) + messageFile
	s.Title = "A published event: CloudEvents " + cloudevent.SpecVersion + " in structured JSON"
	for name, value := range map[string]string{
		"specversion": cloudevent.SpecVersion, "datacontenttype": cloudevent.DataContentType, "dataschema": cloudevent.DataSchema,
	} {
		s.Properties[name].Const = jsonschema.Ptr[any](value)
	}
	for _, name := range []string{"time", "recordedtime"} {
		s.Properties[name].Format = "date-time"
	}
	s.Properties["source"].Format = "uri"
	s.Properties["type"].Pattern = "^" + regexp.QuoteMeta(cloudevent.TypePrefix)
	return finish(s, described)
}

// finish describes the properties and takes back what For derives from Go and what JSON
// of this project never has: null. Members may be added to a version.
func finish(s *jsonschema.Schema, described map[string]string) (*jsonschema.Schema, error) {
	s.Schema = draft07
	for name, p := range s.Properties {
		if p.Ref != "" || p.Description != "" {
			continue
		}
		if described[name] == "" {
			return nil, fmt.Errorf("docs/events.md or docs/consuming.md has no row that describes %s", name)
		}
		p.Description = described[name]
	}
	loosen(s)
	return s, nil
}

func loosen(s *jsonschema.Schema) {
	if types := slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" }); len(types) == 1 {
		s.Type, s.Types = types[0], nil
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil {
		s.AdditionalProperties = nil
	}
	for _, p := range s.Properties {
		loosen(p)
	}
	slices.Sort(s.Required)
}

var (
	row  = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| (.+) \\|$")
	name = regexp.MustCompile("`(\\w+)`")
	link = regexp.MustCompile(`\[([^\]]+)\]\([^)]+\)`)
)

// descriptions returns the second column of a page's tables by the names in the first.
func descriptions(page string) map[string]string {
	found := map[string]string{}
	for _, match := range row.FindAllStringSubmatch(page, -1) {
		text := strings.ReplaceAll(link.ReplaceAllString(match[2], "$1"), "`", "")
		for _, n := range name.FindAllStringSubmatch(match[1], -1) {
			if found[n[1]] == "" {
				found[n[1]] = text
			}
		}
	}
	return found
}

// asyncAPI returns the AsyncAPI document of the topic and the bus.
func asyncAPI() any {
	type object = map[string]any
	ref := func(to string) object { return object{"$ref": to} }
	headers := object{contract.ReplayAttribute: object{"type": "string", "description": "The run that sent the event again"}}
	for n := range sample().Attributes() {
		headers[n] = object{"type": "string"}
	}
	channel := func(about string) object {
		return object{
			"address": contract.EventTopicName + "-{environment}", "description": about,
			"parameters": object{"environment": object{"description": "The parameter EnvironmentSuffix of the stack"}},
			"messages":   object{"event": ref("#/components/messages/event")},
		}
	}
	operation := func(channel string) object {
		return object{"action": "send", "channel": ref("#/channels/" + channel), "messages": []any{ref("#/channels/" + channel + "/messages/event")}}
	}
	return object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "paysluice", "version": strings.TrimPrefix(event.Schema, "paysluice.event/") + ".0.0",
			"description": "Normalised payment events. Every event is sent at least once, in no order.",
		},
		"defaultContentType": cloudevent.MediaType,
		"channels": object{
			"topic": channel("The SNS topic of a stack with PublishTo=topic. The headers are message attributes."),
			"bus":   channel("The EventBridge bus of a stack with PublishTo=event-bus. The message is the detail, with replay as a member."),
		},
		"operations": object{"sendToTopic": operation("topic"), "sendToBus": operation("bus")},
		"components": object{"messages": object{"event": object{
			"name": "event", "contentType": cloudevent.MediaType,
			"headers": object{"type": "object", "properties": headers},
			"payload": object{"schemaFormat": "application/schema+json;version=draft-07", "schema": ref(messageFile)},
		}}},
	}
}

// sample returns an event with every attribute.
func sample() cloudevent.Event {
	return cloudevent.Event{Livemode: new(true), Data: cloudevent.Data{Event: event.Event{
		Provider: "p", Type: "t", Category: event.Other, Account: "a", Money: event.Money{Currency: "EUR"},
	}}}
}

// breaks returns the changes from one version of a schema to the next that break a reader of
// the first. New optional members and new values of an enumeration break nobody.
func breaks(old, changed *jsonschema.Schema, path string) []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, path+": "+fmt.Sprintf(format, args...)) }
	for _, p := range []struct {
		what     string
		old, now any
	}{
		{"type", old.Type, changed.Type},
		{"constant", text(old.Const), text(changed.Const)},
		{"format", old.Format, changed.Format},
		{"pattern", old.Pattern, changed.Pattern},
		{"$ref", old.Ref, changed.Ref},
		{"required members", text(old.Required), text(changed.Required)},
		{"alternatives", text(old.OneOf), text(changed.OneOf)},
		{"rest", rest(old), rest(changed)},
	} {
		if p.old != p.now {
			add("the %s changed from %q to %q", p.what, p.old, p.now)
		}
	}
	for _, value := range old.Enum {
		if changed.Enum != nil && !slices.Contains(changed.Enum, value) {
			add("the value %v is gone", value)
		}
	}
	if old.Enum == nil && changed.Enum != nil {
		add("it had any value and has a list")
	}
	for _, child := range []struct{ old, now *jsonschema.Schema }{{old.Items, changed.Items}, {old.AdditionalProperties, changed.AdditionalProperties}} {
		switch {
		case child.old != nil && child.now != nil:
			found = append(found, breaks(child.old, child.now, path+"[]")...)
		case child.old != child.now:
			add("the rule for its elements changed")
		}
	}
	for _, n := range slices.Sorted(maps.Keys(old.Properties)) {
		if p, ok := changed.Properties[n]; ok {
			found = append(found, breaks(old.Properties[n], p, path+"."+n)...)
		} else {
			add("the member %s is gone", n)
		}
	}
	return found
}

// rest returns the rules of a schema that breaks does not compare one by one, such as limits.
func rest(s *jsonschema.Schema) string {
	others := *s
	others.ID, others.Schema, others.Title, others.Description, others.Deprecated, others.Examples = "", "", "", "", false, nil
	others.Type, others.Const, others.Format, others.Pattern, others.Ref = "", nil, "", "", ""
	others.Required, others.OneOf, others.Enum, others.Items, others.AdditionalProperties = nil, nil, nil, nil, nil
	others.Properties, others.PropertyOrder = nil, nil
	return text(&others)
}

func text(value any) string {
	encoded, _ := json.Marshal(value) // parts of a schema cannot fail
	return string(encoded)
}
