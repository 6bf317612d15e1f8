package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/archiver"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/consumer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

const (
	forgerRuns    = 10
	transmissions = 20 // of a run
)

// TestAttackForgedBodies: a forger has PayPal's transmissions, sends other bodies
// with their checksums before, beside and after the genuine ones, and calls to AWS
// fail, time out and crash. No second body is stored with one signature and no
// second row for one event, and all that was answered 200 is kept.
func TestAttackForgedBodies(t *testing.T) {
	seen := map[string]int{}
	first := firstSeed()
	for seed := first; seed < first+forgerRuns; seed++ {
		forge(t, seed, seen)
	}
	for _, what := range []string{"stored genuine", "stored forged", contract.ReasonSignatureReused, contract.ReasonConflict, "503", "crash"} {
		assert.NotZero(t, seen[what], "never happened: %s", what)
	}
}

// TestForgerRepeats: a seed that a failure names gives the same calls, in the same
// order and with the same fates.
func TestForgerRepeats(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		first, again := forge(t, seed, map[string]int{}), forge(t, seed, map[string]int{})
		require.NotEmpty(t, first)
		require.Equal(t, first, again, "seed %d", seed)
	}
}

// forge runs one seed. It returns the time and the fate of each call.
func forge(t *testing.T, seed uint64, seen map[string]int) (calls []string) {
	synctest.Test(t, func(t *testing.T) {
		f := newForger(t, seed)
		f.attack(t)
		f.check(t, seed, seen)
		calls = f.calls
	})
	return calls
}

// forger is PayPal and somebody who has its transmissions, in front of one stack.
type forger struct {
	*world     // its services
	seed       uint64
	mu         sync.Mutex
	sent       int            // number of the transmission that is being signed
	made       map[string]int // calls by their content
	calls      []string
	calm       atomic.Bool // no faults are injected
	ended      atomic.Bool
	crashes    atomic.Int32
	sender     senders.Sender
	secret     string
	start      func() *instance // of the processor
	processors []*instance
	providers  provider.Set // of the consumers
	statuses   map[int]int

	transmission map[string]int  // of each body
	forged       map[string]bool // bodies
	accepted     map[string]bool // bodies
}

// instance is a function instance of the processor.
type instance struct {
	*attempt
	*processor.Handler
}

func newForger(t *testing.T, seed uint64) *forger {
	f := &forger{
		world: newServices(t),
		seed:  seed, made: map[string]int{},
		providers: all.All(all.Settings{}), statuses: map[int]int{},
		transmission: map[string]int{}, forged: map[string]bool{}, accepted: map[string]bool{},
	}
	f.rng = rand.New(rand.NewPCG(seed, 1))
	f.sqs = memory.NewSQS(time.Now, memory.Disorder{Pick: f.draw, Again: func() bool { return f.draw(20) == 0 }})
	f.createServices(t)

	authority := paypaltest.NewAuthority(time.Now())
	f.sender = senders.PayPal(authority, nil)
	f.secret = senders.Mark + "ID"
	random := f.sender.Signer
	f.sender.Signer = func(secret string) provider.Signer {
		s := random(secret).(paypal.Signer)
		s.TransmissionID, s.CertURL = fmt.Sprintf("transmission-%d", f.sent), "https://api.paypal.com/v1/notifications/certs/CERT-1"
		return s
	}
	document := f.sender.Document(f.secret).(map[string]any)
	document["extraRootsPem"] = string(authority.Intermediate.PEM()) + string(authority.Root.PEM())
	text, err := json.Marshal(document)
	require.NoError(t, err)
	leaf := authority.Issue(paypaltest.LiveName, time.Now()).PEM() // with the key of the sender
	f.start = func() *instance {
		a := &attempt{f: f}
		set := all.All(all.Settings{
			FetchCertificate: func(context.Context, string) ([]byte, error) {
				if f.draw(3) == 0 && !f.calm.Load() {
					return nil, provider.CertUnreachable
				}
				return leaf, nil
			},
			Certificates: bucket.NewShared(a, bucketName, processor.SharedTimeout, func(context.Context, error) {}),
		})
		p, err := set.ByName(f.sender.Provider.Name)
		require.NoError(t, err)
		return &instance{a, &processor.Handler{
			Provider:    p,
			Secrets:     secret.New(func(context.Context) ([]byte, error) { return text, nil }, p.Verifier, time.Now, func(context.Context, error) {}),
			Events:      queue.NewSender(a, f.queueURL, processor.SendTimeout),
			DeadLetters: queue.NewSender(a, f.deadLetterURL, processor.SendTimeout),
			Log:         function.NewLogger(io.Discard, "INFO"),
			Metrics:     function.NewMetrics(io.Discard, "forger", time.Now),
			Now:         time.Now,
		}}
	}
	for range 3 {
		f.processors = append(f.processors, f.start())
	}
	return f
}

func (f *forger) draw(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

// delay returns how long a call takes. It depends on the seed, the call's content, and
// how often it was made.
func (f *forger) delay(content string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made[content]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %d %s", f.seed, f.made[content], content)
	return time.Duration(1 + h.Sum64()%uint64(200*time.Millisecond))
}

// note records a call.
func (f *forger) note(content string, fate int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, fmt.Sprintf("%s %d %.80s", time.Now().Format(time.RFC3339Nano), fate, content))
}

// source returns the random numbers of one goroutine. Those that start together must
// not share any.
func (f *forger) source(n uint64) *rand.Rand { return rand.New(rand.NewPCG(f.seed, 2+n)) }

// attempt is one invocation's clients. After a crash no call takes effect.
type attempt struct {
	f       *forger
	crashed atomic.Bool
}

// disturb takes a while and draws the fate of a call: an error before or after its
// effect, or a crash before or after it. The content of concurrent calls, and not the
// scheduler, decides which ends first.
func disturb[T any](a *attempt, content string, do func() (T, error)) (T, error) {
	time.Sleep(a.f.delay(content))
	fate := a.f.draw(30)
	if a.f.calm.Load() {
		fate = -1
	}
	if a.crashed.Load() {
		fate = 0
	}
	a.f.note(content, fate)
	switch fate {
	case 0, 1, 2:
		return *new(T), connectionReset()
	case 3, 4:
		_, _ = do()
		return *new(T), connectionReset()
	case 5, 6:
		if fate == 5 {
			_, _ = do()
		}
		a.crashed.Store(true)
		return *new(T), connectionReset()
	}
	return do()
}

func (a *attempt) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return disturb(a, "send "+*in.QueueUrl+*in.MessageBody, func() (*sqs.SendMessageOutput, error) { return a.f.sqs.SendMessage(ctx, in) })
}

func (a *attempt) PutItem(ctx context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return disturb(a, "put "+*in.TableName+itemText(in.Item), func() (*dynamodb.PutItemOutput, error) { return a.f.dynamodb.PutItem(ctx, in) })
}

func (a *attempt) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return disturb(a, "put "+*in.Key, func() (*s3.PutObjectOutput, error) { return a.f.s3.PutObject(ctx, in) })
}

func (a *attempt) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	return disturb(a, "get "+*in.Key, func() (*s3.GetObjectOutput, error) { return a.f.s3.GetObject(ctx, in) })
}

func (a *attempt) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	return a.f.s3.ListObjectsV2(ctx, in)
}

// itemText returns an item's texts, sorted by attribute.
func itemText(item map[string]ddb.AttributeValue) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(item)) {
		switch v := item[name].(type) {
		case *ddb.AttributeValueMemberS:
			fmt.Fprint(&text, " ", name, "=", v.Value)
		case *ddb.AttributeValueMemberN:
			fmt.Fprint(&text, " ", name, "=", v.Value)
		case *ddb.AttributeValueMemberB:
			fmt.Fprint(&text, " ", name, "=", string(v.Value))
		}
	}
	return text.String()
}

// attack sends the bodies of all transmissions, in any order, until each is answered
// 200, while two consumers work. Then it calms down and drains the queues.
func (f *forger) attack(t *testing.T) {
	var working sync.WaitGroup
	for i := range 2 {
		working.Go(func() { f.work(t, f.source(uint64(i)), f.queueURL, f.consume) })
	}
	working.Go(func() { f.work(t, f.source(2), f.deadLetterURL, f.archive) })

	rng := f.source(3)
	var due []signedBody
	for n := range transmissions {
		due = append(due, f.bodies(n)...)
	}
	for i := 0; len(due) > 0; i++ {
		require.Less(t, i, 5000, "too many attempts; repeat it with -seed %d: %v", f.seed, f.statuses)
		// Mostly one of the transmissions at hand, so that bodies of one meet.
		at := rng.IntN(min(len(due), 8))
		d := due[at]
		p := rng.IntN(len(f.processors))
		response, err := f.processors[p].Handle(t.Context(), function.Request{Header: providertest.MultiHeader(d.header), Body: d.body})
		require.NoError(t, err)
		if f.processors[p].crashed.Load() {
			response.StatusCode = http.StatusBadGateway
			f.processors[p] = f.start()
		}
		f.statuses[response.StatusCode]++
		if response.StatusCode == http.StatusOK {
			f.accepted[string(d.body)] = true
			due = append(due[:at], due[at+1:]...)
		}
		f.calm.Store(i > 1000) // retries succeed in the end
		time.Sleep(time.Duration(rng.IntN(int(2 * time.Second))))
	}
	time.Sleep(time.Minute)
	f.calm.Store(true)
	time.Sleep(2 * time.Hour) // the visibility timeout, three times, in both queues
	f.ended.Store(true)
	working.Wait()
}

type signedBody struct {
	header http.Header
	body   []byte
}

// bodies returns the genuine body of a transmission and forged ones with its headers:
// one with the id of the next event and another time, and one with another amount.
func (f *forger) bodies(n int) []signedBody {
	id := func(n int) string { return fmt.Sprintf("WH-%d", n) }
	created := time.Now().UnixMilli()
	genuine := f.sender.Body(id(n), 1, created)
	f.sent = n
	header := f.sender.Header(genuine, f.secret, time.Now())
	all := []signedBody{{header, genuine}}
	f.transmission[string(genuine)] = n
	for _, body := range [][]byte{f.sender.Body(id(n+1), 999, created+60_000), f.sender.Body(id(n), 999, created)} {
		forged := paypaltest.Forge(bytes.Replace(body, []byte(senders.Mark), []byte(senders.Mark+paypaltest.Forgeable), 1), genuine)
		f.transmission[string(forged)], f.forged[string(forged)] = n, true
		all = append(all, signedBody{header, forged})
	}
	return all
}

// work receives batches until the end and deletes what a function handled.
func (f *forger) work(t *testing.T, rng *rand.Rand, url string, handle func(*attempt) batchFunction) {
	for !f.ended.Load() {
		time.Sleep(time.Duration(1 + rng.IntN(int(time.Second))))
		out, err := f.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: &url, MaxNumberOfMessages: int32(1 + rng.IntN(contract.BatchSize)),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			MessageAttributeNames:       []string{"All"},
		})
		require.NoError(t, err)
		if len(out.Messages) == 0 {
			continue
		}
		batch := events.SQSEvent{}
		for _, m := range out.Messages {
			batch.Records = append(batch.Records, record(m))
		}
		a := &attempt{f: f}
		ctx, cancel := context.WithTimeout(t.Context(), f.stack.consumerTimeout)
		response, err := handle(a)(ctx, batch)
		cancel()
		require.NoError(t, err)
		if a.crashed.Load() {
			f.crashes.Add(1)
			continue
		}
		failed := map[string]bool{}
		for _, item := range response.BatchItemFailures {
			failed[item.ItemIdentifier] = true
		}
		for _, r := range batch.Records {
			if !failed[r.MessageId] {
				_, err := f.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: &r.ReceiptHandle})
				require.NoError(t, err)
			}
		}
	}
}

func (f *forger) consume(a *attempt) batchFunction {
	return (&consumer.Handler{
		Providers:   f.providers,
		Table:       table.NewTable(a, tableName),
		Guards:      table.NewGuards(a, contract.GuardTableName),
		DeadLetters: queue.NewSender(a, f.deadLetterURL, consumer.SendTimeout),
		Concurrency: contract.BatchSize,
		Now:         time.Now,
		Log:         function.NewLogger(io.Discard, "INFO"),
		Metrics:     function.NewMetrics(io.Discard, "forger", time.Now),
	}).Handle
}

func (f *forger) archive(a *attempt) batchFunction {
	return (&archiver.Handler{
		Archive:     bucket.NewArchive(a, bucketName),
		Concurrency: contract.BatchSize,
		Now:         time.Now,
		Log:         function.NewLogger(io.Discard, "INFO"),
		Metrics:     function.NewMetrics(io.Discard, "forger", time.Now),
	}).Handle
}

// check compares the table and the archive with what was answered 200.
func (f *forger) check(t *testing.T, seed uint64, seen map[string]int) {
	kept, rows, ids := map[string]bool{}, map[int]int{}, map[string]int{}
	out, err := f.dynamodb.Scan(t.Context(), &dynamodb.ScanInput{TableName: new(tableName)})
	require.NoError(t, err)
	for _, item := range out.Items {
		e, err := table.FromItem(item)
		require.NoError(t, err)
		body := string(e.Payload)
		kept[body] = true
		rows[f.transmission[body]]++
		ids[e.ID]++
		if f.forged[body] {
			seen["stored forged"]++
		} else {
			seen["stored genuine"]++
		}
	}
	letters := bucket.NewArchive(f.s3, bucketName)
	for key, err := range letters.Keys(t.Context(), f.sender.Provider.Name+"/", "") {
		require.NoError(t, err)
		m, err := letters.Get(t.Context(), key)
		require.NoError(t, err)
		kept[string(m.Event.Payload)] = true
		seen[m.FailureReason]++
	}
	seen["503"] += f.statuses[http.StatusServiceUnavailable]
	seen["crash"] += int(f.crashes.Load())

	const broken = "broken promise; repeat it with -seed %d"
	for n, count := range rows {
		require.Equal(t, 1, count, broken+": transmission %d has a second stored body", seed, n)
	}
	for id, count := range ids {
		require.Equal(t, 1, count, broken+": %s has a second row", seed, id)
	}
	require.Len(t, f.accepted, 3*transmissions)
	for body := range f.accepted {
		require.True(t, kept[body], broken+": a body that was answered 200 is kept nowhere: %s", seed, body)
	}
}
