package operator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
)

// seed writes events into a table, one for each six seconds until a time, and returns them, newest
// first. Their ids begin with prefix. One of a hundred is a refund.
func seed(tb testing.TB, name, prefix string, number int, until time.Time) []event.Event {
	tb.Helper()
	client, providers := dynamodb.NewFromConfig(stack.Config()), contract.Providers()
	all := make([]event.Event, number)
	writes, ctx := errgroup.WithContext(tb.Context())
	writes.SetLimit(8)
	var rows []types.WriteRequest
	for n := range all {
		p, at := providers[n%len(providers)].Name, until.Add(-time.Duration(n)*6*time.Second).UnixMilli()
		e := event.Event{
			Schema: event.Schema, ID: event.NewID(p, fmt.Sprintf("%s_%d", prefix, n)), Timestamp: at, ReceivedAt: at, Provider: p, Type: "payment",
			Category: event.PaymentSucceeded, PaymentID: fmt.Sprintf("pay_%d", n/5), Money: event.Money{Amount: "20.00", Currency: "EUR"},
			Account: fmt.Sprintf("acct_%d", n%10), Endpoint: fmt.Sprintf("entry-%d", n%2), Livemode: new(n%4 > 0), Payload: []byte(`{"a":1}`),
		}
		if n%100 == 0 {
			e.Type, e.Category = "refund", event.RefundSucceeded
		}
		e.PayloadSHA256 = event.HashPayload(e.Payload)
		all[n] = e
		const batch = 25 // the most that DynamoDB takes
		if rows = append(rows, types.WriteRequest{PutRequest: &types.PutRequest{Item: table.ToItem(e)}}); len(rows) == batch {
			in := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{name: rows}}
			rows = nil
			writes.Go(func() error {
				_, err := client.BatchWriteItem(ctx, in)
				return err
			})
		}
	}
	require.NoError(tb, writes.Wait())
	return all
}

// newTable deploys the template's table alone, without a reader of its stream, and returns a
// session of its stack.
func newTable(tb testing.TB, suffix string) (s session, name string) {
	tb.Helper()
	template := readTemplate(tb)
	of := template.Resources["EventsTable"]
	for _, property := range []string{"DeletionProtectionEnabled", "SSESpecification", "StreamSpecification"} { // they need other resources
		delete(of.Properties, property)
	}
	text, err := json.Marshal(map[string]any{
		"Description": template.Description, "Parameters": map[string]any{"EnvironmentSuffix": map[string]string{"Type": "String"}},
		"Resources": map[string]any{"EventsTable": map[string]any{"Type": "AWS::DynamoDB::Table", "Properties": of.Properties}}, "Outputs": map[string]any{"TableName": map[string]any{"Value": map[string]string{"Ref": "EventsTable"}}},
	})
	require.NoError(tb, err)
	bucket, key := new(stack.Outputs["BucketName"]), suffix+".json"
	_, err = objects().PutObject(tb.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(text)})
	require.NoError(tb, err)
	deployed := &emulator.Stack{Endpoint: stack.Endpoint, Name: "paysluice-" + suffix, Suffix: suffix}
	require.NoError(tb, deployed.Put(tb.Context(), stack.Endpoint.URL+"/"+*bucket+"/"+key, map[string]string{"EnvironmentSuffix": suffix}))
	tb.Cleanup(func() {
		_, _ = stack.AWS(context.Background(), "cloudformation", "delete-stack", "--stack-name", deployed.Name)
	})
	return session{env: append(stack.ClientEnvironment(), "PAYSLUICE_STACK="+deployed.Name)}, "WebhookEvents-" + suffix
}

// readings counts the calls of a command, and what DynamoDB says that its queries read.
type readings struct {
	next http.RoundTripper

	mu    sync.Mutex
	open  int
	since time.Time // when the first of the open calls began
	total total
}

// total counts the calls of one command, and the items and capacity units that they read.
type total struct {
	calls, examined, returned int
	units                     float64
	busy                      time.Duration // with an open call
}

func (r *readings) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	if r.open++; r.open == 1 {
		r.since = time.Now()
	}
	r.mu.Unlock()
	response, err := r.next.RoundTrip(request)
	var read struct {
		ScannedCount, Count int
		ConsumedCapacity    struct{ CapacityUnits float64 }
	}
	if err == nil {
		var body []byte
		body, err = io.ReadAll(response.Body)
		response.Body = io.NopCloser(bytes.NewReader(body))
		_ = json.Unmarshal(body, &read) // CloudFormation's answers are XML
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.total
	t.calls, t.examined, t.returned, t.units = t.calls+1, t.examined+read.ScannedCount, t.returned+read.Count, t.units+read.ConsumedCapacity.CapacityUnits
	if r.open--; r.open == 0 {
		t.busy += time.Since(r.since)
	}
	return response, err
}

// of returns what f reads.
func (r *readings) of(f func()) total {
	r.total = total{}
	f()
	return r.total
}

// listing is events list with one filter, and the events that it is about.
type listing struct {
	flag, value string
	reads       func(event.Event) bool // in the partitions that the filter must read
	is          func(event.Event) bool
}

func (l listing) args() []string {
	args := []string{"events", "list", "--limit", strconv.Itoa(listLimit)}
	if l.flag != "" {
		args = append(args, "--"+l.flag, l.value)
	}
	return args
}

// listLimit is the limit of the listings, the default.
const listLimit = 50

// listings returns one for each filter of events list.
func listings(all []event.Event) []listing {
	every := func(event.Event) bool { return true }
	at := func(e event.Event) string { return time.UnixMilli(e.Timestamp).UTC().Format(time.RFC3339Nano) }
	recent, old := all[20], all[28_800] // two minutes and two days
	return []listing{
		{"", "", every, every},
		{"provider", "square", func(e event.Event) bool { return e.Provider == "square" }, every},
		{"type", "refund", every, func(e event.Event) bool { return e.Type == "refund" }},
		{"category", string(event.RefundSucceeded), every, func(e event.Event) bool { return e.Category == event.RefundSucceeded }},
		{"payment", all[385].PaymentID, func(e event.Event) bool { return e.PaymentID == all[385].PaymentID }, every},
		{"account", "acct_3", every, func(e event.Event) bool { return e.Account == "acct_3" }},
		{"endpoint", "entry-1", every, func(e event.Event) bool { return e.Endpoint == "entry-1" }},
		{"livemode", "false", every, func(e event.Event) bool { return !*e.Livemode }},
		{"since", at(recent), func(e event.Event) bool { return e.Timestamp >= recent.Timestamp }, every},
		{"until", at(old), func(e event.Event) bool { return e.Timestamp < old.Timestamp }, every},
	}
}

// must returns the ids that a listing has, and how many events lie between the first and
// the last of them in the partitions that it must read.
func (l listing) must(all []event.Event) (ids []string, must int, last event.Event) {
	for _, e := range all {
		if l.reads(e) {
			must++
			if l.is(e) {
				ids, last = append(ids, e.ID), e
			}
		}
		if len(ids) == listLimit {
			break
		}
	}
	return ids, must, last
}

// Of 100,000 events a list of 50 asks the partitions of the days between now and its last
// event, and reads the events between the first and the last one that it lists: at most
// three times as many, because pages grow, and a first page of each partition.
func TestListOf100000Events(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes 100,000 events: a minute")
	}
	s, name := newTable(t, "large")
	all := seed(t, name, "many", 100_000, time.Now())
	count := &readings{next: stack.HTTP.Transport}
	s = s.proxied(t, count, func(http.ResponseWriter, *http.Request) bool { return false })
	rows, flags := listings(all), []string{"limit", "continued"}
	for _, l := range rows[1:] {
		flags = append(flags, l.flag)
	}
	help, _, _ := strings.Cut(s.run(t, "events", "list", "--help").stdout, "Global Flags:")
	var offered []string
	for _, found := range regexp.MustCompile(`(?m)^ +(?:-h, )?--(\w+)`).FindAllStringSubmatch(help, -1) {
		offered = append(offered, found[1])
	}
	assert.ElementsMatch(t, append(flags, "help"), offered, "each filter has a row")
	for _, l := range rows {
		var found []event.Event
		read := count.of(func() {
			r := s.run(t, append(l.args(), "-o", "json")...)
			require.Equal(t, 0, r.code, r.stderr)
			require.NoError(t, json.Unmarshal([]byte(r.stdout), &found))
		})
		want, must, last := l.must(all)
		got := []string{}
		for _, e := range found {
			got = append(got, e.ID)
		}
		slices.Sort(want)
		slices.Sort(got)
		assert.Equal(t, want, got, l.flag)
		queries := read.calls - 1 // DescribeStacks
		t.Logf("%-9s %5d events must be read, %5d are in %3d queries, %6.1f read units, %5d are sent", l.flag, must, read.examined, queries, read.units, read.returned)

		begin := time.Now().Add(10 * time.Minute) // a provider's clock may be ahead
		if l.flag == "until" {
			begin = time.UnixMilli(last.Timestamp)
		}
		const day = 24 * time.Hour
		days := int(begin.Truncate(day).Sub(time.UnixMilli(last.Timestamp).Truncate(day))/day) + 1
		partitions := days * 16 * len(contract.Providers())
		switch l.flag {
		case "provider":
			partitions = days * 16
		case "payment":
			partitions = len(contract.Providers())
		case "since": // events without a time are in a range of their own
			partitions += 16 * len(contract.Providers())
		}
		const entries, minimum = 8, 0.5 // a first page is one read of 4 KB
		assert.GreaterOrEqual(t, read.examined, must, "%s: the emulator tells what it reads", l.flag)
		assert.LessOrEqual(t, read.examined, entries*partitions+3*must, l.flag)
		assert.LessOrEqual(t, queries, partitions+must/entries, l.flag)
		assert.LessOrEqual(t, read.units, minimum*float64(partitions+partitions/2+3*must/entries), l.flag)
		assert.LessOrEqual(t, read.returned, min(read.examined, entries*partitions+3*len(want)*entries), "%s: what the command decodes", l.flag)
	}
}

// BenchmarkList measures events list with 100,000 events: own-ms/op is the time of the
// command without an open call, its start included.
//
//	.cache/local run -- go test -run '^$' -bench List -benchtime 20x ./test/operator
func BenchmarkList(b *testing.B) {
	s, name := newTable(b, "bench")
	all := seed(b, name, "many", 100_000, time.Now())
	count := &readings{next: stack.HTTP.Transport}
	s = s.proxied(b, count, func(http.ResponseWriter, *http.Request) bool { return false })
	for _, l := range listings(all) {
		b.Run(l.flag, func(b *testing.B) {
			var took, busy time.Duration
			var read total
			for b.Loop() {
				begin := time.Now()
				read = count.of(func() { require.NoError(b, s.command(b, l.args()...).Run()) })
				took, busy = took+time.Since(begin), busy+read.busy
			}
			perOp := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(b.N) }
			b.ReportMetric(perOp(took-busy), "own-ms/op")
			b.ReportMetric(perOp(busy), "aws-ms/op")
			b.ReportMetric(float64(read.calls), "calls/op")
			b.ReportMetric(read.units, "units/op")
		})
	}
}
