package diff

import (
	"fmt"
	"math"
	"strconv"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// advised is how many times a function's timeout fits into the visibility timeout of
// its queue, so that Lambda can retry a throttled batch (Lambda Developer Guide,
// Creating and configuring an Amazon SQS event source mapping).
const advised = 6

// attempts adds queues that deliver a message again while a function may still handle
// it. A mapping joins the two.
func (c *comparison) attempts() {
	byKey := map[string]*pair{}
	for _, p := range c.pairs {
		byKey[p.key()] = p
	}
	for _, p := range c.pairs {
		if p.new == nil || p.new.Type != typeMapping {
			continue
		}
		queue, function := mapped(byKey, p, "EventSourceArn", typeQueue), mapped(byKey, p, "FunctionName", typeFunction)
		if queue != nil && function != nil {
			c.compareTimeouts(p, queue, function)
		}
	}
}

// mapped returns the resource of a type that a property refers to, also through a
// function's alias or version.
func mapped(byKey map[string]*pair, p *pair, property, typ string) *pair {
	for _, id := range model.References(model.Show(p.new.Properties[property])) {
		target := byKey[id]
		switch {
		case target == nil || target.new == nil || target == p:
		case target.new.Type == typ:
			return target
		default:
			return mapped(byKey, target, property, typ)
		}
	}
	return nil
}

// compareTimeouts adds a visibility timeout that has become too short. Lambda checks it
// when a mapping is created or updated; it refuses one below the function's timeout
// (Lambda Developer Guide, as above).
func (c *comparison) compareTimeouts(mapping, queue, function *pair) {
	visibility, timeout := c.seconds(queue.new, "VisibilityTimeout", 30), c.seconds(function.new, "Timeout", 3)
	before := 0. // how often the function's timeout fitted
	if queue.old != nil && function.old != nil {
		before = c.seconds(queue.old, "VisibilityTimeout", 30) / c.seconds(function.old, "Timeout", 3)
	}
	changed, path := mapping, "FunctionName"
	switch {
	case queue.old != nil && queue.changes("VisibilityTimeout"):
		changed, path = queue, "VisibilityTimeout"
	case function.old != nil && function.changes("Timeout"):
		changed, path = function, "Timeout"
	}
	d := difference{Path: path, After: changed.new.Properties[path]}
	if changed.old != nil {
		d.Before = changed.old.Properties[path]
	}
	times := fmt.Sprintf("Queue visibility timeout: %g seconds is less than ", visibility)
	var r Reason
	switch now := visibility / timeout; {
	case now < 1 && (mapping.old == nil || len(mapping.differences) > 0):
		r = d.reason(Refused, times+fmt.Sprintf("Function timeout: %g seconds. Lambda refuses the mapping.", timeout))
	case now < 1 && before >= 1:
		r = d.reason(Interrupted, times+fmt.Sprintf("Function timeout: %g seconds. A message is delivered again while the function still handles it.", timeout))
	case now < advised && before >= advised:
		r = d.reason(Narrowed, times+fmt.Sprintf("%d times the function's timeout of %g seconds: a throttled batch uses up its messages' attempts.", advised, timeout))
		r.Untold = true
	default:
		return
	}
	changed.add(r)
}

// seconds returns a number of a resource, its default if it has none, and NaN, which
// is neither less nor more than any number, if the template does not know it.
func (c *comparison) seconds(r *model.Resource, property string, missing float64) float64 {
	if r.Properties[property] == nil {
		return missing
	}
	if n, err := strconv.ParseFloat(c.text(r.Properties[property]), 64); err == nil {
		return n
	}
	return math.NaN()
}
