package bill_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/bill"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/cost/stack"
)

const root = "../../.."

func prices(t *testing.T) bill.Prices {
	t.Helper()
	p, err := bill.ReadPrices(filepath.Join(root, "test", "cost", "prices.json"))
	require.NoError(t, err)
	return p
}

// simple is a model in round numbers.
func simple() bill.Model {
	functions := map[string]stack.Function{
		contract.AuthorizerName: {MemoryMB: 128}, contract.ConsumerName: {MemoryMB: 256}, contract.ArchiverName: {MemoryMB: 256},
	}
	platform := map[string]float64{contract.AuthorizerName: 400, contract.ConsumerName: 400}
	durations := map[string]bill.Duration{
		contract.AuthorizerName: {WaitMS: 9.5, InitMS: 20}, contract.ConsumerName: {WaitMS: 99.5, InitMS: 40, FirstCPUMS: 1},
	}
	for _, p := range contract.Providers() {
		name := contract.ProcessorName(p)
		functions[name], platform[name] = stack.Function{MemoryMB: 256}, 400
		durations[name] = bill.Duration{WaitMS: 19.5, InitMS: 40, FirstCPUMS: 3}
	}
	return bill.Model{
		Stack: stack.Stack{
			Functions: functions, LogDays: 30, DataKeySeconds: 300, Alarms: 28, Dashboards: 1, Secrets: 3, Keys: 1,
			Mappings: make([]stack.Mapping, 2),
			Table:    stack.Table{Backups: true},
			API:      stack.API{Methods: 3, ThrottleRate: 1000, Traced: true},
		},
		Sizes: sizes.Sizes{
			SecretReads: 1.0 / 240, SecretRefreshes: 0.1,
			Lines: sizes.Lines{
				Access: 400, AccessRefused: 400, Processor: 500, ProcessorRefused: 500, AuthorizerRefused: 500,
				ConsumerBatch: 1000, ConsumerSingle: 400, Platform: platform,
			},
		},
		Durations: durations,
		Single:    bill.Duration{WaitMS: 49.5},
	}
}

func event(message, item int, indexes ...int) []sizes.Event {
	e := sizes.Event{Message: message, Item: item}
	for _, bytes := range indexes {
		e.Indexes = append(e.Indexes, sizes.Index{Bytes: bytes})
	}
	return []sizes.Event{e}
}

func TestReadPrices(t *testing.T) {
	assert.Equal(t, "us-east-1", prices(t).Region)

	text, err := os.ReadFile(filepath.Join(root, "test", "cost", "prices.json"))
	require.NoError(t, err)
	for _, row := range []struct{ why, text string }{
		{"it is no JSON", "{"},
		{"what has no price would be free", `{"prices":[]}`},
		{"a price without a source is somebody's memory", `{"prices":[{"id":"kms.key","usd":1,"per":1}]}`},
		{"two prices of one thing", string(text[:len(text)-6]) + `,{"id":"kms.key","usd":2,"per":1,"page":"p","read":"r","as":"a"}]}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "prices.json")
			require.NoError(t, os.WriteFile(file, []byte(row.text), 0o600))
			_, err := bill.ReadPrices(file)
			require.ErrorIs(t, err, bill.ErrPrices)
		})
	}
}

// The arithmetic on AWS's own prices: each row can be checked with a pencil.
func TestCost(t *testing.T) {
	p := prices(t)
	for _, row := range []struct {
		why   string
		usage bill.Usage
		want  float64
	}{
		{"a million requests to the API", bill.Usage{bill.APIRequest: bill.Million}, 3.50},
		{"four write units a million times", bill.Usage{bill.WriteUnit: 4 * bill.Million}, 2.50},
		{"a million times 10 ms of 128 MB: 1,250 GB-s", bill.Usage{bill.GBSecond: 1250}, 0.01666675},
		{"a key and three secrets", bill.Usage{bill.Key: 1, bill.Secret: 3}, 2.20},
		{"28 alarms and a dashboard", bill.Usage{bill.Alarm: 28, bill.Dashboard: 1}, 5.80},
		{"nothing", bill.Usage{}, 0},
	} {
		t.Run(row.why, func(t *testing.T) { assert.InDelta(t, row.want, p.Cost(row.usage), 1e-9) })
	}
}

func TestFreeIsNeverMoreThanWhatIsUsed(t *testing.T) {
	p := prices(t)
	assert.InDelta(t, 1.00, p.Free(bill.Usage{bill.Alarm: 28}), 1e-9, "ten of them")
	assert.InDelta(t, 0.20, p.Free(bill.Usage{bill.Alarm: 2}), 1e-9, "both")
	assert.Zero(t, p.Free(bill.Usage{bill.WriteUnit: 1}), "writes on demand are billed from the first")
}

func TestServices(t *testing.T) {
	p := prices(t)
	u := bill.Usage{bill.Alarm: 1, bill.Invocation: 2, bill.GBSecond: 3, bill.Key: 0}
	assert.Equal(t, []string{"Lambda", "CloudWatch"}, p.Services(u), "in the list's order, without what is not used")
	assert.Equal(t, bill.Usage{bill.Invocation: 2, bill.GBSecond: 3}, u.Of("Lambda", p))
}

func TestBilledMS(t *testing.T) {
	for _, row := range []struct {
		why      string
		duration bill.Duration
		memoryMB float64
		want     float64
	}{
		{"waiting takes as long with any memory", bill.Duration{WaitMS: 10}, 128, 10.5},
		{"half a vCPU takes twice as long", bill.Duration{CPUMS: 2}, 884.5, 4.5},
		{"a whole one", bill.Duration{CPUMS: 2}, 1769, 2.5},
		{"a second vCPU is of no use to one request", bill.Duration{CPUMS: 2}, 3538, 2.5},
		{"both", bill.Duration{CPUMS: 1, WaitMS: 5}, 176.9, 15.5},
	} {
		t.Run(row.why, func(t *testing.T) { assert.InDelta(t, row.want, row.duration.BilledMS(row.memoryMB), 1e-9) })
	}
}

func TestConcurrencyIsRateTimesDuration(t *testing.T) {
	assert.InDelta(t, 20, bill.Duration{WaitMS: 20}.Concurrency(1000, 256), 1e-9)
}

func TestQueue(t *testing.T) {
	m := simple()
	for _, row := range []struct {
		why     string
		message int
		batch   float64
		want    float64
	}{
		{"alone: it is sent, received and deleted", 4000, 1, 3},
		{"ten share a receive and a delete", 4000, 10, 1.2},
		{"ten that are 140 KB together are received for three", 14000, 10, 1.4},
		{"one of 65 KB counts twice when sent and when received", 65 << 10, 1, 5},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.InDelta(t, row.want, m.Queue(event(row.message, 0), row.batch)[bill.QueueRequest], 1e-9)
		})
	}
}

func TestWrites(t *testing.T) {
	m := simple()
	for _, row := range []struct {
		why            string
		of             []sizes.Event
		table, indexes float64
	}{
		{"2.5 KB with 600 bytes of attributes", event(0, 3150, 300, 290), 4, 2},
		{"an event about nothing is not in the index of payments", event(0, 3072, 0, 290), 3, 1},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.InDelta(t, row.table, m.Table(row.of)[bill.WriteUnit], 0)
			assert.InDelta(t, row.indexes, m.Indexes(row.of)[bill.WriteUnit], 0)
		})
	}
}

func TestKept(t *testing.T) {
	const gb = 1 << 30
	m := simple()
	u := m.Kept(event(0, gb-100, gb-100, 0), 30)
	assert.InDelta(t, 2, u[bill.TableStorage], 1e-9, "an item, and an entry in one of the indexes")
	assert.InDelta(t, 1, u[bill.TableBackup], 1e-9, "recovery is billed without indexes")
	assert.InDelta(t, 1.0/30, m.Kept(event(0, gb-100), 1)[bill.TableStorage], 1e-9, "a day is a thirtieth")

	m.Stack.Table.Backups = false
	assert.NotContains(t, m.Kept(event(0, 1), 1), bill.TableBackup)
}

func TestLogs(t *testing.T) {
	const gb = 1 << 30
	m := simple()
	assert.InDelta(t, 400+3*400-400+40+500+100, m.Logs(10)[bill.LogIngest]*gb, 1e-6,
		"access, two functions' starts and reports, a tenth of the consumer's, its line and the processor's")
	assert.InDelta(t, 400+400+400+400+500+400, m.Logs(1)[bill.LogIngest]*gb, 1e-6)

	for name := range m.Sizes.Lines.Platform {
		m.Sizes.Lines.Platform[name] = 0
	}
	assert.InDelta(t, 400+500+100, m.Logs(10)[bill.LogIngest]*gb, 1e-6, "without Lambda's own")
}

func TestTraces(t *testing.T) {
	m := simple()
	for _, row := range []struct {
		why             string
		perSecond, want float64
	}{
		{"all of a trickle: the first of each second", 0.5, 1},
		{"one a second", 1, 1},
		{"the first and five per cent of the other hundred", 101, 6.0 / 101},
	} {
		t.Run(row.why, func(t *testing.T) { assert.InDelta(t, row.want, m.Traces(row.perSecond)[bill.Trace], 1e-9) })
	}
	m.Stack.API.Traced = false
	assert.Empty(t, m.Traces(1))
}

func TestSecretsAndKeysAreSharedOutAtTheRate(t *testing.T) {
	m := simple()
	// Three processors, one environment each, every 240 s.
	assert.InDelta(t, 3.0/240, m.SecretCalls(1)[bill.SecretCall], 1e-9)
	// 1,000 a second for each of them for 19.5 ms keep 20 environments busy.
	assert.InDelta(t, 3*20.0/240/3000, m.SecretCalls(3000)[bill.SecretCall], 1e-9)
	assert.InDelta(t, 7.0/300+3.0/240, m.KeyRequestsPerSecond(1), 1e-9, "three producers twice, a consumer, three secrets")
}

func TestFixed(t *testing.T) {
	u := bill.Fixed(simple().Stack)
	assert.InDelta(t, 1_296_000, u[bill.QueueRequest], 0, "two mappings, five polls of 20 s each")
	assert.InDelta(t, 2.80+3+1.20+1+0.5184, prices(t).Cost(u), 1e-9)
}

func TestForgeries(t *testing.T) {
	m, p := simple(), prices(t)
	first, second := m.StoppedAtGate1(), m.StoppedAtGate2()
	assert.InDelta(t, 3000, m.ForgeriesPerSecond(), 0)
	assert.NotContains(t, first, bill.APIRequest, "what an authorizer denies is not billed")
	assert.InDelta(t, 1, first[bill.Invocation], 0)
	assert.InDelta(t, 2, second[bill.Invocation], 0)
	assert.InDelta(t, 3*20*0.1/3000, second[bill.SecretCall], 1e-9, "each environment looks for a newer secret every 10 s")
	for _, u := range []bill.Usage{first, second} {
		assert.NotContains(t, u, bill.WriteUnit)
		assert.NotContains(t, u, bill.QueueRequest)
	}
	assert.Less(t, p.Cost(first), p.Cost(second))
}

func TestColdStart(t *testing.T) {
	u := simple().ColdStart()
	assert.InDelta(t, 0.125*0.020+0.25*0.040+0.25*0.040, u[bill.GBSecond], 1e-9, "authorizer, the mean of three processors alike, consumer")
	assert.InDelta(t, 1, u[bill.SecretCall], 0)
	assert.InDelta(t, 4, u[bill.KeyRequest], 0, "three functions' variables and the secret")

	share := bill.VCPUMB / 256.0
	assert.InDelta(t, 0.25*(0.003+0.001)*share, simple().FirstCalls()[bill.GBSecond], 1e-9, "CPU at the share of a vCPU")
}

func TestEventIsTheSumOfItsParts(t *testing.T) {
	m, p := simple(), prices(t)
	load := bill.Load{PerSecond: 100, Batch: 10}
	m.Sizes.Events = event(4000, 3150, 300, 290)
	m.Sizes.Events[0].Body = 2560
	u := m.Event(2560, load)
	assert.InDelta(t, 1, u[bill.APIRequest], 0)
	assert.InDelta(t, 2.1, u[bill.Invocation], 1e-9)
	assert.InDelta(t, 6, u[bill.WriteUnit], 0)
	assert.InDelta(t, 0.125*0.010+0.25*0.020+0.25*0.100/10, u[bill.GBSecond], 1e-9)
	sum := 0.0
	for _, service := range p.Services(u) {
		sum += p.Cost(u.Of(service, p))
	}
	assert.InDelta(t, p.Cost(u), sum, 1e-12, "no service is left out and none counted twice")
}

func TestConsumer(t *testing.T) {
	m := simple()
	assert.InDelta(t, 0.25*0.100/10, m.Consumer(10)[bill.GBSecond], 1e-9, "a tenth of a full batch")
	assert.InDelta(t, 0.25*0.050, m.Consumer(1)[bill.GBSecond], 1e-9, "all of a batch of one")
}

func TestCountMetrics(t *testing.T) {
	s, err := stack.Read(root)
	require.NoError(t, err)
	m, err := bill.CountMetrics(root, s)
	require.NoError(t, err)
	providers := float64(len(contract.Providers()))
	assert.InDelta(t, 2*(1+providers)+providers, m.Healthy, 0, "Accepted and Stored, and the ratio of each provider")
	assert.InDelta(t, 9*(1+providers)+float64(len(s.FilterMetrics)), m.All, 0, "contract has nine")
}

func TestUsage(t *testing.T) {
	a, b := bill.Usage{bill.Key: 1}, bill.Usage{bill.Key: 2, bill.Secret: 3}
	assert.Equal(t, bill.Usage{bill.Key: 3, bill.Secret: 3}, bill.Plus(a, b))
	assert.Equal(t, bill.Usage{bill.Key: 4, bill.Secret: 6}, b.Times(2))
	assert.Equal(t, bill.Usage{bill.Key: 1}, a, "it is not changed")
}
