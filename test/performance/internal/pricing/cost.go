package pricing

import (
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/lab"
	"github.com/paysluice/paysluice/test/performance/internal/result"
)

// CostPage returns the tables of docs/cost.md.
func (m Model) CostPage() string {
	return m.page("Cost", "AWS's list prices of us-east-1, nothing taken as free.",
		"A million events, by the size of the webhook", m.events(),
		"A month without a webhook", m.idle(),
		"A month with webhooks of 2.5 KB", m.months(),
		"What each part adds", m.parts(),
		"What publishing adds", m.publishTable(),
		"What would make it cheaper", m.levers(),
		"Dead letters", m.deadLetters(),
		"A stranger who sends as much as the stage lets through", m.strangers(),
		"A firewall with one rate rule", m.firewall())
}

// page returns a page of sections, each a title and a table.
func (m Model) page(title, about string, sections ...string) string {
	text := result.Header + "# " + title + "\n\n" + about + " " + m.measured.String()
	for i := 0; i < len(sections); i += 2 {
		text += "## " + sections[i] + "\n\n" + sections[i+1] + "\n"
	}
	return text
}

// perMillion returns the dollars of a million times the usage.
func (m Model) perMillion(u usage) string { return result.Dollars(m.prices.cost(u.times(million))) }

func (m Model) dollars(u usage) string { return result.Dollars(m.prices.cost(u)) }

func short(n float64) string { return strings.TrimSuffix(result.Number(n, 1), ".0") }

func (m Model) events() string {
	titles := []string{"$"}
	together := []string{"**together**"}
	for _, body := range lab.Bodies() {
		titles = append(titles, short(float64(body)/kb)+" KB")
		together = append(together, m.perMillion(m.event(body, usual())))
	}
	var rows [][]string
	for _, service := range m.prices.services(m.event(middle, usual())) {
		row := []string{service}
		for _, body := range lab.Bodies() {
			row = append(row, m.perMillion(m.prices.of(service, m.event(body, usual()))))
		}
		rows = append(rows, row)
	}
	return result.Table(titles, append(rows, together))
}

func (m Model) idle() string {
	fixed := m.fixed()
	row := func(what, id string) []string {
		return []string{what, result.Number(fixed[id], 0), m.dollars(usage{id: fixed[id]})}
	}
	return result.Table([]string{"", "a month", "$"}, [][]string{
		row("Metrics of alarms", alarm), row("Dashboard", dashboard), row("Secrets", secret), row("Key", key),
		row("Empty receives of the queues' pollers", queueRequest),
		{"**together**", "", m.dollars(fixed)},
		{"in an account that uses these services for nothing else", "", result.Dollars(m.prices.cost(fixed) - m.prices.free(fixed))},
	})
}

func (m Model) months() string {
	var rows [][]string
	for _, perSecond := range []float64{0.1, 1, 10, 100, 1000} {
		total := func(batch float64) usage {
			return plus(m.fixed(), usage{metric: m.healthyMetrics()}, m.event(middle, load{perSecond, batch}).times(perSecond*month))
		}
		rows = append(rows, []string{short(perSecond), result.Number(perSecond*month, 0), m.dollars(total(contract.BatchSize)), m.dollars(total(1))})
	}
	return result.Table([]string{"events a second", "events a month", "full batches", "batches of one"}, rows)
}

func (m Model) parts() string {
	return result.Table([]string{"", "$ for a million events"}, [][]string{
		{"A year in the table with its indexes and point-in-time recovery", m.perMillion(m.kept(middle, 365))},
		{"X-Ray, with Tracing on", m.perMillion(traced(usual().perSecond))},
	})
}

func (m Model) publishTable() string {
	row := func(name, target string) []string {
		u, fixed := m.publish(target), m.publishing()
		return []string{
			name, m.perMillion(u), m.perMillion(usage{target: 1}), m.perMillion(m.prices.of("Lambda", u)), m.perMillion(m.prices.of("CloudWatch Logs", u)),
			m.dollars(usage{alarm: fixed[alarm]}), m.dollars(usage{metric: fixed[metric]}),
		}
	}
	return result.Table([]string{"", "$ for a million events", "of it the target", "Lambda", "logs", "$ a month: alarms", "metrics with data"}, [][]string{
		row("PublishTo topic", topicPublish), row("PublishTo event-bus", "events.put"),
	})
}

func (m Model) levers() string {
	deflated := m.of(middle, func(e result.Event) float64 { return units(e.Item) - units(e.Item-e.Body+e.Deflated) })
	return result.Table([]string{"", "saves, for a million events", "and costs "}, [][]string{
		{"Compress the payload in the item", m.perMillion(usage{writeUnit: deflated}), "Readers of the table inflate it before they check payloadSha256 or search in it."},
		{"One index instead of two", m.perMillion(m.indexes(middle).times(1 / float64(len(m.stack.Indexes)))), "No list of a day, or no history of a payment, without a scan."},
		{"SystemLogLevel WARN for the functions", m.perMillion(m.logged(m.lambdaLog(contract.BatchSize))), "No REPORT line: memory in use is in no metric."},
		{"No access log", m.perMillion(m.logged(m.accessLine())), "Nothing is known of requests that no function saw."},
		{"HTTP API instead of REST API", m.perMillion(usage{apiRequest: 1, "apigateway.http": -1}), "No gateway responses: a denied request is a 403. No firewall. Bodies and headers arrive in another form."},
	})
}

func (m Model) deadLetters() string {
	return result.Table([]string{"", "$ for a million"}, [][]string{
		{"Put into the bucket", m.perMillion(usage{"s3.put": 1})},
		{"The move to Glacier after " + result.Number(m.stack.GlacierDays, 0) + " days", m.perMillion(usage{"s3.transition": 1})},
	})
}

func (m Model) strangers() string {
	rate := m.forgeries()
	row := func(what string, u usage) []string {
		return []string{what, m.perMillion(u), m.dollars(u.times(rate * 3600)), m.dollars(u.times(rate * 24 * 3600))}
	}
	return result.Table([]string{"at " + result.Number(rate, 0) + " requests a second", "$ a million", "$ an hour", "$ a day"}, [][]string{
		row("Stopped at gate 1: no header that could be a signature", m.stoppedAtGate1()),
		row("The same, should API Gateway bill what an authorizer denies after all", plus(m.stoppedAtGate1(), usage{apiRequest: 1})),
		row("Stopped at gate 2: headers that are well formed", m.stoppedAtGate2()),
	})
}

func (m Model) firewall() string {
	row := func(events float64) []string {
		return []string{result.Number(events, 0), m.dollars(usage{"waf.acl": 1, "waf.rule": 1, "waf.request": events})}
	}
	return result.Table([]string{"events a month", "$ a month"}, [][]string{row(1e6), row(1e8)})
}
