package pricing

import (
	"fmt"
	"math"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
	"github.com/paysluice/paysluice/test/performance/internal/figures"
	"github.com/paysluice/paysluice/test/performance/internal/lab"
	"github.com/paysluice/paysluice/test/performance/internal/result"
	"github.com/paysluice/paysluice/test/performance/internal/stack"
)

// Constants of AWS's pages.
const (
	million = 1e6
	kb, gb  = 1 << 10, 1 << 30
	month   = 30 * 24 * 3600 // seconds
	// queueChunk is the part of a payload that SQS bills as a request (Amazon SQS pricing).
	queueChunk = 64 << 10
	// itemOverhead is what DynamoDB stores beside each item and index entry (DynamoDB
	// Developer Guide, "Global secondary indexes", "Storage considerations").
	itemOverhead = 100
	// traceShare of the requests is recorded beside the first of each second (X-Ray
	// Developer Guide, "Configuring sampling rules").
	traceShare = 0.05
	// responseHeaders is about the size of API Gateway's headers.
	responseHeaders = 400
	// pollers are the long polls that a mapping with a MaximumConcurrency keeps open
	// (Lambda Developer Guide, "Configuring scaling behavior for SQS event source
	// mappings"), each for pollSeconds.
	pollers, pollSeconds = 5, 20
	// dataKeySeconds is how long SQS uses one data key (SQS API Reference,
	// SetQueueAttributes, KmsDataKeyReusePeriodSeconds).
	dataKeySeconds = 300
	// vCPU is the memory in MB that comes with a whole vCPU (Lambda Developer Guide,
	// "Configure Lambda function memory").
	vCPU = 1769
	// rounding up to a whole millisecond adds half of one on average.
	rounding = 0.5
	// secretSeconds is how long a secret is cached, and refreshSeconds how soon a forged
	// webhook makes it read again (handlers/aws/secret).
	secretSeconds, refreshSeconds = 240, 10
)

// duration is how long an invocation takes, in milliseconds.
type duration struct {
	cpu  float64 // with a whole vCPU
	wait float64 // for AWS
}

// millis returns the duration with that much memory. It is an upper bound: work that is
// shorter than Lambda's time slice is not slowed down.
func (d duration) millis(memoryMB float64) float64 {
	return d.wait + d.cpu*math.Max(1, vCPU/memoryMB)
}

func (d duration) gbSeconds(memoryMB float64) float64 {
	return memoryMB / 1024 * (d.millis(memoryMB) + rounding) / 1000
}

// Model holds everything that follows from template, measurements and figures.
type Model struct {
	stack     stack.Stack
	prices    prices
	limits    map[string]figures.Limit
	sizes     result.Sizes
	durations map[string]duration // by function
	single    duration            // of the consumer with one message
	published float64             // bytes that the publisher logs about a full batch
	measured  result.Machine
}

// New returns the model. The error is ErrMissing if something was not measured.
func New(s stack.Stack, r result.Results, f figures.Figures) (Model, error) {
	m := Model{
		stack: s, prices: f.Prices, limits: f.LimitsByID(), sizes: *r.Sizes, measured: r.Load.Machine, durations: map[string]duration{},
	}
	for _, f1 := range r.Load.Functions {
		call := awsstub.SendMessage
		switch f1.Name {
		case contract.ConsumerName:
			call = awsstub.PutItem
		case contract.PublisherName:
			call, m.published = awsstub.Publish, f1.LogBytes
		}
		tail := 1.0 // the mean of the AWS call in its medians
		if f1.Name != contract.AuthorizerName {
			tail = f.Latencies[call].Mean() / f.Latencies[call].P50
		}
		m.durations[f1.Name] = duration{cpu: f1.CPU, wait: math.Max(0, f1.Latency.P50-f1.CPU) * tail}
	}
	m.single = m.durations[contract.ConsumerName]
	for _, p := range r.ColdStart.Programs {
		if p.Name == contract.ConsumerName+", batch of 1" {
			m.single.cpu = p.WarmCPU
		}
	}
	m.single.wait = f.Latencies[awsstub.PutItem].Mean()
	for _, name := range append([]string{contract.AuthorizerName, contract.ConsumerName, contract.PublisherName}, m.processors()...) {
		if m.durations[name].cpu <= 0 {
			return m, fmt.Errorf("%w: the load run lacks %s", ErrMissing, name)
		}
	}
	return m, nil
}

func (m Model) processors() []string {
	var names []string
	for _, f := range m.stack.Functions {
		if f.Provider != "" {
			names = append(names, f.Name)
		}
	}
	return names
}

func (m Model) memory(function string) float64 { return m.stack.Function(function).MemoryMB }

// of returns the mean of a size over the events with such a body.
func (m Model) of(body int, size func(result.Event) float64) float64 {
	sum, n := 0.0, 0.0
	for _, e := range m.sizes.Events {
		if e.Body == body {
			sum, n = sum+size(e), n+1
		}
	}
	return sum / n
}

// units returns the write units of so many bytes: one for each KB that begins (DynamoDB
// Developer Guide, "DynamoDB read and write operations").
func units(bytes int) float64 { return math.Ceil(float64(bytes) / kb) }

func itemUnits(e result.Event) float64 { return units(e.Item) }

func entryUnits(e result.Event) float64 {
	sum := 0.0
	for _, bytes := range e.Entries {
		sum += units(bytes)
	}
	return sum
}

// load is a steady stream of events, evenly from all providers. batch is the number of
// messages in an invocation of the consumer.
type load struct{ perSecond, batch float64 }

// usual is the load of the tables that do not vary it.
func usual() load { return load{100, contract.BatchSize} }

// event returns what one event uses. Reading secrets and the like depends on time; it is
// shared out at the load's rate.
func (m Model) event(body int, l load) usage {
	message := m.of(body, func(e result.Event) float64 { return float64(e.Message) })
	chunks := func(bytes float64) float64 { return math.Max(1, math.Ceil(bytes/queueChunk)) }
	response := m.of(body, func(e result.Event) float64 { return float64(e.Response) })
	return plus(
		usage{apiRequest: 1, transferOut: (response + responseHeaders) / gb},
		m.invoke(contract.AuthorizerName), m.process(), m.consumer(l.batch),
		usage{queueRequest: chunks(message) + (chunks(l.batch*message)+1)/l.batch},
		usage{writeUnit: m.of(body, itemUnits)}, m.indexes(body), m.logs(l.batch),
		usage{keyRequest: m.keyRequests(l.perSecond) / l.perSecond, secretCall: m.secretCalls(l.perSecond, secretSeconds) / l.perSecond},
	)
}

// traced returns an event's part of the traces that X-Ray samples with the parameter
// Tracing.
func traced(perSecond float64) usage {
	first := math.Min(1, perSecond)
	return usage{trace: (first + traceShare*(perSecond-first)) / perSecond}
}

func (m Model) invoke(function string) usage {
	return usage{invocation: 1, gbSecond: m.durations[function].gbSeconds(m.memory(function))}
}

// process returns the mean over the processors.
func (m Model) process() usage {
	sum := usage{}
	for _, name := range m.processors() {
		sum = plus(sum, m.invoke(name).times(1/m.providers()))
	}
	return sum
}

// consumer returns an event's part of a batch.
func (m Model) consumer(batch float64) usage {
	if batch == 1 {
		return usage{invocation: 1, gbSecond: m.single.gbSeconds(m.memory(contract.ConsumerName))}
	}
	return m.invoke(contract.ConsumerName).times(1 / batch)
}

// publish returns what publishing an event adds, in full batches. What a batch logs is
// shared out, although a part of it is for each event.
func (m Model) publish(target string) usage {
	const batch = contract.PublishBatchSize
	return plus(usage{target: 1}, m.invoke(contract.PublisherName).times(1./batch), m.logged((m.published+lambdaLines(contract.PublisherName))/batch))
}

// publishing returns what it adds in a month without an event: alarms, and the metrics
// Published and four latencies, each under {Environment} and for each provider.
func (m Model) publishing() usage {
	return usage{alarm: float64(m.stack.PublishingAlarms), metric: 5 * (1 + m.providers())}
}

func (m Model) indexes(body int) usage { return usage{writeUnit: m.of(body, entryUnits)} }

// kept returns what it takes to keep an event in the table for so many days.
func (m Model) kept(body int, days float64) usage {
	item := m.of(body, func(e result.Event) float64 { return float64(e.Item + itemOverhead) })
	entries := m.of(body, func(e result.Event) float64 {
		sum := 0.0
		for _, bytes := range e.Entries {
			if bytes > 0 {
				sum += float64(bytes + itemOverhead)
			}
		}
		return sum
	})
	u := usage{"dynamodb.storage": (item + entries) / gb * days / 30}
	if m.stack.Backups {
		u["dynamodb.backup"] = item / gb * days / 30
	}
	return u
}

// fixed returns what a stack uses in a month without a webhook.
func (m Model) fixed() usage {
	s := m.stack
	return usage{
		alarm: float64(s.Alarms), dashboard: float64(s.Dashboards), secret: float64(s.Secrets), key: float64(s.Keys),
		queueRequest: float64(len(s.Mappings)) * pollers * month / pollSeconds,
	}
}

// healthyMetrics is the number of custom metrics while all is well: Accepted and Stored,
// each under {Environment} and under {Environment, Provider}, and those of filters.
func (m Model) healthyMetrics() float64 {
	return 2*(1+m.providers()) + float64(m.stack.HealthyFilterMetrics)
}

// busy returns how many environments of a function are busy when it is invoked that often
// a second (Little's law).
func (m Model) busy(function string, perSecond float64) float64 {
	return perSecond * m.durations[function].millis(m.memory(function)) / 1000
}

// secretCalls returns how often a second all processors read their secret, if each
// environment reads it every so many seconds. A provider that sends keeps one warm.
func (m Model) secretCalls(perSecond, every float64) float64 {
	sum, names := 0.0, m.processors()
	for _, name := range names {
		sum += math.Max(1, math.Ceil(m.busy(name, perSecond/float64(len(names))))) / every
	}
	return sum
}

// keyRequests returns those to KMS a second: for each data key of SQS two of a producer
// and one of a consumer (SQS Developer Guide, "Key management"), and one for each reading
// of a secret.
func (m Model) keyRequests(perSecond float64) float64 {
	return (2*m.providers()+1)/dataKeySeconds + m.secretCalls(perSecond, secretSeconds)
}

// requestID has the length of each request id in a log.
const requestID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

// lambdaLines returns the bytes of Lambda's two lines about an invocation (Lambda Developer
// Guide, "Lambda Telemetry API Event schema reference"), from an example.
func lambdaLines(function string) float64 {
	return float64(len(`{"time":"2026-10-08T07:30:41.076Z","type":"platform.start","record":{"requestId":"`+requestID+
		`","functionArn":"arn:aws:lambda:us-east-1:123456789012:function:`+function+`-prod","version":"$LATEST"}}`) +
		len(`{"time":"2026-10-08T07:30:42.149Z","type":"platform.report","record":{"requestId":"`+requestID+
			`","metrics":{"durationMs":12.345,"billedDurationMs":13,"memorySizeMB":256,"maxMemoryUsedMB":25},"status":"success"}}`))
}

// accessLine returns the bytes of a line of API Gateway's access log, from an example.
func (m Model) accessLine() float64 {
	line := m.stack.API.AccessLog
	for variable, value := range map[string]string{
		"requestId": requestID, "extendedRequestId": "TWegAcC4EowCHnA=", "requestTime": "28/May/2026:20:26:40 +0000",
		"identity.sourceIp": "192.0.2.144", "httpMethod": "POST", "resourcePath": "/stripe", "status": "200",
		"responseLength": "72", "responseLatency": "31", "authorizer.error": "-", "authorizer.status": "200",
		"authorizer.latency": "9", "error.responseType": "-", "integration.status": "200", "integrationLatency": "21",
		"integrationErrorMessage": "-",
	} {
		line = strings.ReplaceAll(line, `"$context.`+variable+`"`, `"`+value+`"`)
	}
	return float64(len(line))
}

// lambdaLog returns the bytes that Lambda itself writes about an event.
func (m Model) lambdaLog(batch float64) float64 {
	return lambdaLines(contract.AuthorizerName) + lambdaLines(m.processors()[0]) + lambdaLines(contract.ConsumerName)/batch
}

// logs returns what is logged about an event.
func (m Model) logs(batch float64) usage {
	consumer := m.sizes.Lines.ConsumerBatch
	if batch == 1 {
		consumer = m.sizes.Lines.ConsumerSingle
	}
	return m.logged(m.accessLine() + m.lambdaLog(batch) + m.sizes.Lines.Processor + consumer/batch)
}

// logged returns so many bytes of log, taken in and kept.
func (m Model) logged(bytes float64) usage {
	return usage{"logs.ingest": bytes / gb, "logs.storage": bytes / gb * m.stack.LogDays / 30}
}

// forgeries returns the most requests a second that the stage lets through.
func (m Model) forgeries() float64 { return m.stack.API.ThrottleRate * float64(m.stack.API.Methods) }

// stoppedAtGate1 returns what a request uses that the authorizer denies. API Gateway does
// not bill it (AWS re:Post, "Pricing clarification for API Gateway").
func (m Model) stoppedAtGate1() usage {
	return plus(m.invoke(contract.AuthorizerName), usage{transferOut: responseHeaders / float64(gb)},
		m.logged(m.accessLine()+lambdaLines(contract.AuthorizerName)+m.sizes.Lines.AuthorizerRefused))
}

// stoppedAtGate2 returns what a request uses whose signature the processor rejects.
func (m Model) stoppedAtGate2() usage {
	rate := m.forgeries()
	reads := m.secretCalls(rate, refreshSeconds) / rate
	return plus(usage{apiRequest: 1, transferOut: responseHeaders / float64(gb), secretCall: reads, keyRequest: reads},
		m.invoke(contract.AuthorizerName), m.process(),
		m.logged(m.accessLine()+lambdaLines(contract.AuthorizerName)+lambdaLines(m.processors()[0])+m.sizes.Lines.ProcessorRefused))
}

// middle is the size of most webhooks.
const middle = lab.BodySize
