package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// metric is a metric's namespace and name. No schema joins the filter that emits it
// with the alarm that watches it.
type metric struct{ namespace, name string }

// watch adds the alarms that lose their metric.
func (c *comparison) watch() {
	emitted, watched := map[metric]bool{}, map[metric][]string{}
	for _, p := range c.pairs {
		if p.new == nil {
			continue
		}
		for _, m := range emits(p.new) {
			emitted[m] = true
		}
		if p.new.Type == typeAlarm {
			for _, m := range metrics(p.new.Properties) {
				watched[m] = append(watched[m], p.id())
			}
		}
	}
	for _, p := range c.pairs {
		switch {
		case p.old == nil:
		case p.old.Type == typeFilter:
			c.watchFilter(p, emitted, watched)
		case p.old.Type == typeAlarm && p.new != nil:
			c.watchAlarm(p, emitted)
		}
	}
}

// watchFilter adds a filter that no longer emits what an alarm watches.
func (c *comparison) watchFilter(p *pair, emitted map[metric]bool, watched map[metric][]string) {
	for _, m := range emits(p.old) {
		if alarms := watched[m]; len(alarms) > 0 && !emitted[m] {
			p.add(Reason{Verdict: AlarmLost, Path: "MetricTransformations", Before: m.namespace + " " + m.name, Untold: true,
				Rule: "Nothing emits the metric any more: " + strings.Join(alarms, ", ") + " cannot alarm."})
		}
	}
}

// watchAlarm adds an alarm that watches another metric, unless a filter emits it.
func (c *comparison) watchAlarm(p *pair, emitted map[metric]bool) {
	before, after := metrics(p.old.Properties), metrics(p.new.Properties)
	for _, m := range after {
		if !slices.Contains(before, m) && !emitted[m] {
			p.add(Reason{Verdict: AlarmLost, Path: "MetricName", After: m.namespace + " " + m.name, Untold: true,
				Rule: "It watches another metric, which no filter of the stack emits."})
		}
	}
	if len(after) < len(before) {
		p.add(Reason{Verdict: AlarmLost, Path: "Metrics", Untold: true, Rule: "It watches fewer metrics."})
	}
}

// emits returns the metrics of a filter.
func emits(r *model.Resource) (all []metric) {
	if r.Type != typeFilter {
		return nil
	}
	for _, t := range find(r, "MetricTransformations/*", nil) {
		if t, ok := t.(model.Object); ok {
			all = append(all, metric{model.Show(t["MetricNamespace"]), model.Show(t["MetricName"])})
		}
	}
	return sorted(all)
}

// metrics returns the metrics that an alarm watches, also in expressions.
func metrics(value any) (all []metric) {
	switch v := value.(type) {
	case model.Object:
		if v["Namespace"] != nil && v["MetricName"] != nil {
			all = append(all, metric{model.Show(v["Namespace"]), model.Show(v["MetricName"])})
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, metrics(v[key])...)
		}
	case []any:
		for _, member := range v {
			all = append(all, metrics(member)...)
		}
	}
	return sorted(all)
}

func sorted(all []metric) []metric {
	slices.SortFunc(all, func(a, b metric) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
	})
	return slices.Compact(all)
}
