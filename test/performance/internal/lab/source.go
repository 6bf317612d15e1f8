package lab

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/gateway"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
)

// MaxAge is how long after signing a webhook may be sent: Stripe's signatures are stale
// after five minutes.
const MaxAge = 4*time.Minute + 30*time.Second

// Webhook is one webhook, as the two functions in front of the queue are invoked with it.
type Webhook struct {
	Provider              string
	Authorizer, Processor []byte
	Repeated              bool // as the index Repeated asks for
}

// Source plays the providers.
type Source struct {
	senders []senders.Sender
	keys    map[string]string // what each signs with
}

func newSource(authority *paypaltest.Authority, hosts *paypaltest.Hosts) *Source {
	s := &Source{keys: map[string]string{}, senders: []senders.Sender{
		senders.Stripe(), senders.PayPal(authority, hosts), senders.Square(endpointURL("square")),
	}}
	for _, sender := range s.senders {
		s.keys[sender.Provider.Name] = sender.NewSecret()
	}
	return s
}

// Providers returns the names of the providers that are played.
func (s *Source) Providers() []string {
	var names []string
	for _, sender := range s.senders {
		names = append(names, sender.Provider.Name)
	}
	return names
}

// secrets returns the providers' secret documents by ARN.
func (s *Source) secrets() map[string]string {
	all := map[string]string{}
	for _, sender := range s.senders {
		all[secretARN(sender.Provider.Name)] = string(marshal(sender.Document(s.keys[sender.Provider.Name])))
	}
	return all
}

// Repeated, in place of a provider's index, is one delivery of the last provider, a day
// old and the same each time.
const Repeated = -1

// Make makes a webhook of each of the providers, given by their index, each another
// event with a body of that size.
func (s *Source) Make(size int, providers []int) []Webhook {
	all, now := make([]Webhook, len(providers)), time.Now()
	webhook := func(provider, cents int, age time.Duration) Webhook {
		sender := s.senders[provider]
		body := pad(sender.Body(sender.NewID(), cents, senders.Created-age.Milliseconds()), size)
		return sign(sender, body, s.keys[sender.Provider.Name], now)
	}
	repeated := webhook(len(s.senders)-1, 100, 24*time.Hour)
	repeated.Repeated = true
	var wg sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for first := range cores {
		wg.Go(func() {
			for i := first; i < len(all); i += cores {
				if all[i] = repeated; providers[i] != Repeated {
					all[i] = webhook(providers[i], 100+i%100_000, time.Duration(i%3600)*time.Second)
				}
			}
		})
	}
	wg.Wait()
	return all
}

// sign makes a webhook of a body.
func sign(sender senders.Sender, body []byte, key string, now time.Time) Webhook {
	return arrive(sender, sender.Header(body, key, now), body, now)
}

// arrive returns a request as API Gateway hands it to the functions.
func arrive(sender senders.Sender, header http.Header, body []byte, now time.Time) Webhook {
	arrived := gateway.Webhook{
		Account: account, API: api, Path: "/" + sender.Provider.Path, At: now,
		RequestID: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", Header: header,
	}
	return Webhook{Provider: sender.Provider.Name, Authorizer: marshal(arrived.AuthorizerEvent()), Processor: marshal(arrived.ProxyEvent(body))}
}

// marshal returns the JSON of a value that has one: of strings, numbers, maps and lists.
func marshal(v any) []byte {
	text, _ := json.Marshal(v)
	return text
}

// pad makes a body as large as a real one, with members such as real ones have.
func pad(body []byte, size int) []byte {
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(body, []byte("}")))
	b.WriteString(`,"details":{"items":[`)
	for i := 0; b.Len() < size-160; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"li_%04d","object":"line_item","amount":%d,"currency":"usd","quantity":%d,"taxable":true,"discount":null,`+
			`"metadata":{"sku":"A-%03d","warehouse":"north"}}`, i, 1000+i, 1+i%5, i)
	}
	b.WriteString(`]},"note":"`)
	b.WriteString(strings.Repeat("n", max(0, size-2-b.Len())))
	b.WriteString(`"}`)
	return b.Bytes()
}

// stream returns the items as Lambda hands them to a function that reads a table's stream.
func stream(items []awsstub.Item, now time.Time) []byte {
	var records []map[string]any
	for i, item := range items {
		records = append(records, map[string]any{
			"eventID": fmt.Sprintf("%032x", i), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
			"eventSourceARN": "arn:aws:dynamodb:us-east-1:" + account + ":table/WebhookEvents-" + suffix + "/stream/2026-01-01T00:00:00.000",
			"dynamodb": map[string]any{
				"ApproximateCreationDateTime": now.Unix(), "SequenceNumber": fmt.Sprintf("1%020d", i), "StreamViewType": "NEW_IMAGE",
				"Keys":     awsstub.Item{contract.EventIDAttribute: item[contract.EventIDAttribute], contract.TimestampAttribute: item[contract.TimestampAttribute]},
				"NewImage": item, "SizeBytes": item.Bytes(),
			},
		})
	}
	return marshal(map[string]any{"Records": records})
}

// batch returns the messages as Lambda hands them to a function that reads a queue.
func batch(messages []string, now time.Time) []byte {
	var e events.SQSEvent
	at := fmt.Sprint(now.UnixMilli())
	for i, body := range messages {
		sum := md5.Sum([]byte(body))
		e.Records = append(e.Records, events.SQSMessage{
			MessageId:     fmt.Sprintf("00000000-0000-4000-9000-%012d", i),
			ReceiptHandle: strings.Repeat("AQEBload", 48), // about as long as SQS's
			Body:          body,
			Md5OfBody:     hex.EncodeToString(sum[:]),
			Attributes: map[string]string{
				"ApproximateReceiveCount": "1", "SentTimestamp": at, "ApproximateFirstReceiveTimestamp": at,
				"SenderId": "AROAEXAMPLE:processor",
			},
			EventSource: "aws:sqs", AWSRegion: "us-east-1",
			EventSourceARN: "arn:aws:sqs:us-east-1:" + account + ":webhook-queue-" + suffix,
		})
	}
	return marshal(e)
}
