package cost

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/document"
)

// parts is what each part of the stack adds.
func parts(in bill.Inputs) string {
	of := in.Sizes.Of(middle())
	var rows [][]string
	perMillion := func(what string, u bill.Usage) { rows = append(rows, []string{what, million(in, u), ""}) }
	perMonth := func(what string, u bill.Usage) { rows = append(rows, []string{what, "", dollars(in, u)}) }

	for i, index := range in.Stack.Table.Indexes {
		perMillion("Index "+index.Name+": its writes", bill.Usage{
			bill.WriteUnit: sizes.Mean(of, func(e sizes.Event) float64 { return sizes.WriteUnits(e.Indexes[i].Bytes) }),
		})
	}
	kept := in.Kept(of, 1)
	perMillion("Each day that the events are kept: storage of table and indexes", bill.Usage{bill.TableStorage: kept[bill.TableStorage]})
	perMillion("Each day that the events are kept: point-in-time recovery", bill.Usage{bill.TableBackup: kept[bill.TableBackup]})
	perMillion("A year that the events are kept, both", in.Kept(of, 365))
	perMonth("The table's stream, which costs nothing until something reads it; Lambda reads for nothing, anything else polls each shard, five times a second",
		bill.Usage{bill.StreamRead: 5 * bill.Month})
	perMonth("Custom metrics while all is well: "+document.Number(in.Metrics.Healthy, 0), bill.Usage{bill.Metric: in.Metrics.Healthy})
	perMonth("Custom metrics in a month in which everything happens each hour: "+document.Number(in.Metrics.All, 0), bill.Usage{bill.Metric: in.Metrics.All})
	perMonth("Alarms: "+document.Number(float64(in.Stack.Alarms), 0), bill.Usage{bill.Alarm: float64(in.Stack.Alarms)})
	perMonth("The dashboard", bill.Usage{bill.Dashboard: float64(in.Stack.Dashboards)})
	perMonth("The key", bill.Usage{bill.Key: float64(in.Stack.Keys)})
	perMonth("Requests to KMS, at 100 events a second all month", bill.Usage{bill.KeyRequest: in.KeyRequestsPerSecond(usual().PerSecond) * bill.Month})
	perMonth("Secrets: "+document.Number(float64(in.Stack.Secrets), 0), bill.Usage{bill.Secret: float64(in.Stack.Secrets)})
	perMonth("Reading them, at 100 events a second all month", in.SecretCalls(usual().PerSecond).Times(usual().PerSecond*bill.Month))
	perMillion("X-Ray at its default rule", in.Traces(usual().PerSecond))
	perMillion("API Gateway's access log", in.Logged(in.Sizes.Lines.Access))
	perMillion("Lambda's own log lines", in.Logged(platform(in)))
	perMillion("The functions' own log lines", in.Logged(in.Sizes.Lines.Processor+in.Sizes.Lines.ConsumerBatch/contract.BatchSize))
	perMillion("Batches of one instead of ten", minus(in.Event(middle(), bill.Load{PerSecond: usual().PerSecond, Batch: 1}), in.Event(middle(), usual())))
	perMillion("A start of each environment that an event meets, for each event, as when one comes every half an hour", in.ColdStart())
	perMillion("Their first calls: the CPU that no later call takes", in.FirstCalls())
	perMillion("The same events once more: a duplicate is not written, but DynamoDB bills its write, without the indexes'",
		minus(in.Event(middle(), usual()), in.Indexes(of)))
	return document.Table([]string{"", "$ for a million events", "$ a month"}, rows)
}

// minus is what is left of a usage without a part of it.
func minus(whole, part bill.Usage) bill.Usage { return bill.Plus(whole, part.Times(-1)) }

// platform is what Lambda itself logs about an event, in bytes.
func platform(in bill.Inputs) float64 {
	sum := 0.0
	for _, part := range in.LogParts(contract.BatchSize) {
		if part.Platform {
			sum += part.Bytes
		}
	}
	return sum
}

// logs are the lines about one accepted event.
func logs(in bill.Inputs) string {
	var rows [][]string
	sum := 0.0
	for _, part := range in.LogParts(contract.BatchSize) {
		rows = append(rows, []string{part.What, document.Number(part.Bytes, 0), million(in, in.Logged(part.Bytes))})
		sum += part.Bytes
	}
	rows = append(rows, []string{"**together**", document.Number(sum, 0), million(in, in.Logged(sum))})
	return document.Table([]string{"", "bytes an event", "$ for a million events"}, rows)
}

// levers is what could be saved, and is not.
func levers(in bill.Inputs) string {
	of := in.Sizes.Of(middle())
	units := sizes.Mean(of, func(e sizes.Event) float64 {
		return sizes.WriteUnits(e.Item) - sizes.WriteUnits(e.Item-e.Body+e.Deflated)
	})
	tight := sizes.Mean(of, func(e sizes.Event) float64 { return float64(e.Item-e.Body) / 2 / sizes.KB })
	rows := [][]string{
		{"Compress the payload in the item", million(in, bill.Usage{bill.WriteUnit: units}),
			"A reader of the table, the stream or an export has to inflate it before it can check payloadSha256 or search in it; the consumer spends CPU on it."},
		{"One index instead of two", million(in, in.Indexes(of).Times(1/float64(len(in.Stack.Table.Indexes)))),
			"No list of a day, or no history of a payment, without a scan."},
		{"Halve the attributes beside the payload, on average", million(in, bill.Usage{bill.WriteUnit: tight}),
			"Short attribute names and a binary hash: the table reads badly in the console, and its readers change."},
		{"SystemLogLevel WARN for the functions", million(in, in.Logged(platform(in))),
			"No REPORT line for each invocation: durations are in Lambda's metrics, memory in use is not; lines about what fails stay."},
		{"No access log", million(in, in.Logged(in.Sizes.Lines.Access)),
			"Nothing is known of requests that no function saw: throttled ones, failed authorizers."},
		{"No X-Ray", million(in, in.Traces(usual().PerSecond)), "No trace of a slow request."},
		{"HTTP API instead of REST API", million(in, bill.Usage{bill.APIRequest: 1, bill.HTTPAPIRequest: -1}),
			"No gateway responses, so a denied request is a 403; no firewall in front; bodies and headers arrive in another form."},
	}
	return document.Table([]string{"", "saves, for a million events", "and costs "}, rows)
}

// What Glacier keeps beside each object, in bytes, at its own price and at
// Standard's (S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle").
const (
	glacierIndex   = 32 << 10
	glacierListing = 8 << 10
)

// archive is what a million dead letters cost.
func archive(in bill.Inputs) string {
	const gb = 1 << 30
	bytes := sizes.Mean(in.Sizes.Of(middle()), func(e sizes.Event) float64 { return float64(e.Archived) })
	return document.Table([]string{"", "$ for a million dead letters"}, [][]string{
		{"Put into the bucket, " + document.Number(bytes, 0) + " bytes each", million(in, bill.Usage{bill.ObjectPut: 1})},
		{"A month in Standard", million(in, bill.Usage{bill.ObjectStorage: bytes / gb})},
		{"The move to Glacier after " + document.Number(in.Stack.GlacierDays, 0) + " days", million(in, bill.Usage{bill.Transition: 1})},
		{"A month in Glacier, with what it keeps beside each object",
			million(in, bill.Usage{bill.Glacier: (bytes + glacierIndex) / gb, bill.ObjectStorage: glacierListing / float64(gb)})},
	})
}
