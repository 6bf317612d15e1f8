// Package diagram draws the invocations and data flows of a CloudFormation
// template. It knows resource types, not this project's stack.
package diagram

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrTemplate reports that a text is not a template.
var ErrTemplate = errors.New("not a CloudFormation template")

// Mermaid returns the diagram of a printed template as a Mermaid flowchart. An arrow
// is a method's integration or authorizer, an event source, a redrive policy, an
// alarm's action, or the actions that a function's role allows. Logs and keys are
// left out, because every resource is connected to them.
func Mermaid(stack []byte) (string, error) {
	var t template
	if err := json.Unmarshal(stack, &t); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	d := drawing{template: t, nodes: map[string]string{}}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		d.draw(id, t.Resources[id])
	}
	return d.String(), nil
}

// drawing is a flowchart under construction.
type drawing struct {
	template
	nodes map[string]string // shape and label, by logical id
	edges []string
}

func (d *drawing) String() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, id := range slices.Sorted(maps.Keys(d.nodes)) {
		b.WriteString("  " + id + d.nodes[id] + "\n")
	}
	for _, edge := range d.edges {
		b.WriteString("  " + edge + "\n")
	}
	return b.String()
}

// draw adds the arrows that one resource defines.
func (d *drawing) draw(id string, r resource) {
	switch r.Type {
	case method:
		d.connect(id, "-->", "", d.targets(r.get("Integration"), function))
		for _, a := range d.targets(r.get("AuthorizerId"), authorizer) {
			d.connect(id, "-.->", "authorizer", d.targets(d.Resources[a].get("AuthorizerUri"), function))
		}
	case mapping:
		for _, source := range d.targets(r.get("EventSourceArn"), queue, table) {
			d.connect(source, "-->", "", d.targets(r.get("FunctionName"), function))
		}
	case queue:
		d.connect(id, "-.->", "redrive", d.targets(r.get("RedrivePolicy"), queue))
	case function:
		for _, a := range d.targets(r.get("Role"), role) {
			d.drawPermissions(id, d.Resources[a])
		}
	case topic:
		if n := d.countAlarms(id); n > 0 {
			d.nodes[id+"Alarms"] = fmt.Sprintf(`(["%d alarms"])`, n)
			d.connect(id+"Alarms", "-->", "", []string{id})
		}
	}
}

// polling returns the actions of an event source mapping.
func polling() []string {
	return []string{
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
		"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
	}
}

// drawPermissions draws the actions that a role allows a function, also those under a
// condition. It omits polling, which the event source mapping shows.
func (d *drawing) drawPermissions(from string, r resource) {
	for _, s := range r.statements() {
		var verbs []string
		for _, action := range s.Action {
			_, verb, _ := strings.Cut(action, ":")
			if !slices.Contains(polling(), action) {
				verbs = append(verbs, verb)
			}
		}
		if len(verbs) > 0 {
			d.connect(from, "-->", strings.Join(verbs, ", "), d.targets(s.Resource, queue, table, bucket, secret, topic, bus))
		}
	}
}

// connect adds arrows from one node to others.
func (d *drawing) connect(from, arrow, label string, to []string) {
	if label != "" {
		arrow += "|" + label + "|"
	}
	for _, id := range to {
		d.node(from)
		d.node(id)
		d.edges = append(d.edges, from+" "+arrow+" "+id)
	}
}

func (d *drawing) node(id string) {
	if d.nodes[id] == "" {
		r := d.Resources[id]
		d.nodes[id] = fmt.Sprintf(shape(r.Type), d.label(r))
	}
}

// shape returns Mermaid's notation for a resource type, with %s for the label.
func shape(resourceType string) string {
	switch resourceType {
	case method:
		return `(["%s"])`
	case queue:
		return `[["%s"]]`
	case table, bucket:
		return `[("%s")]`
	case secret, topic, bus:
		return `[/"%s"/]`
	}
	return `["%s"]`
}

// Page returns a Markdown page with the diagram of a printed template.
func Page(stack []byte) ([]byte, error) {
	chart, err := Mermaid(stack)
	if err != nil {
		return nil, err
	}
	return []byte(`# The stack

` + "`make template`" + ` generates this page from the template.

A solid arrow is a method's integration, an event source, an alarm's action, or
the actions that a function's role allows. A dotted arrow is an authorizer or a
redrive policy. Log groups and the key are left out.

` + "```mermaid\n" + chart + "```\n"), nil
}
