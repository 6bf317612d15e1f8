package bucket_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/event"
)

var received = time.Date(2026, 3, 2, 0, 0, 1, 0, time.UTC)

// anEvent returns an event with a binary body.
func anEvent() event.Event {
	payload := []byte("\x00\xffbody")
	return event.Event{
		Schema: event.Schema, ID: "stripe:evt_1", Provider: "stripe", ReceivedAt: received.UnixMilli(),
		PayloadSHA256: event.HashPayload(payload), Payload: payload,
	}
}

// byReference returns an event with its payload in S3.
func byReference(payload []byte) event.Event {
	e := anEvent()
	e.Payload, e.PayloadSHA256 = nil, event.HashPayload(payload)
	e.PayloadRef = "oversize/30d/stripe/2026-03-02/" + e.PayloadSHA256
	return e
}

// inMemory returns an event with its payload still to be stored.
func inMemory(payload []byte) event.Event {
	e := anEvent()
	e.Payload, e.PayloadSHA256 = payload, event.HashPayload(payload)
	return e
}

const bucketName = "failed-webhooks-000000000000-test"

// bucketServer simulates one bucket of S3 behind a real client.
type bucketServer struct {
	mu      sync.Mutex
	objects map[string]object // by key
	// fail responds with an error if it returns a status.
	fail    func(*http.Request) (status int, code string)
	message string // of those errors
	calls   int
}

type object struct {
	body   string
	header http.Header
}

func newBucketServer() *bucketServer {
	return &bucketServer{objects: map[string]object{}, fail: func(*http.Request) (int, string) { return 0, "" }}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

func (b *bucketServer) client(options ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		Region:       "us-east-1",
		Credentials:  aws.AnonymousCredentials{},
		UsePathStyle: true,
		HTTPClient:   transport(b.answer),
	}, options...)
}

func (b *bucketServer) answer(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	if status, code := b.fail(r); status != 0 {
		return response(status, "<Error><Code>"+code+"</Code><Message>"+b.message+"</Message></Error>"), nil
	}
	key := strings.TrimPrefix(r.URL.Path, "/"+bucketName+"/")
	switch {
	case r.Method == http.MethodPut:
		if _, taken := b.objects[key]; taken && r.Header.Get("If-None-Match") == "*" {
			return response(http.StatusPreconditionFailed, "<Error><Code>PreconditionFailed</Code></Error>"), nil
		}
		var body bytes.Buffer
		if r.Body != nil { // it is nil for an empty object
			if _, err := body.ReadFrom(r.Body); err != nil {
				return nil, err
			}
		}
		b.objects[key] = object{body: body.String(), header: r.Header.Clone()}
		return response(http.StatusOK, ""), nil
	case r.URL.Query().Has("list-type"):
		return response(http.StatusOK, b.list(r.URL.Query().Get("prefix"), max(r.URL.Query().Get("start-after"), r.URL.Query().Get("continuation-token")))), nil
	}
	there, ok := b.objects[key]
	if !ok {
		return response(http.StatusNotFound, "<Error><Code>NoSuchKey</Code></Error>"), nil
	}
	return response(http.StatusOK, there.body), nil
}

// list returns a page of two keys. The continuation token is the last key.
func (b *bucketServer) list(prefix, after string) string {
	var page bytes.Buffer
	n := 0
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if n++; n > 2 {
			fmt.Fprintf(&page, "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>", after)
			break
		}
		fmt.Fprintf(&page, "<Contents><Key>%s</Key></Contents>", key)
		after = key
	}
	return "<ListBucketResult>" + page.String() + "</ListBucketResult>"
}

func response(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}
