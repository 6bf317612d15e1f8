// Package awsstub plays the AWS services that the functions call: over TLS, with the
// latencies that a run asks for. It keeps and counts what arrives.
package awsstub

import (
	"bytes"
	"crypto/md5"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
)

// The calls that are answered, named as in figures.json.
const (
	SendMessage    = "sqs.SendMessage"
	GetSecretValue = "secretsmanager.GetSecretValue"
	PutItem        = "dynamodb.PutItem"
	PutObject      = "s3.PutObject"
	Publish        = "sns.Publish"
)

// Arrived is what arrived since Reset.
type Arrived struct {
	Messages   []string // bodies, of all queues
	Items      []Item   // new ones in the table
	Duplicates int      // puts of an item that existed
	Published  int      // to topics
	Objects    int      // in buckets, without those that instances share
	Refusals   int      // calls that the stub does not know
}

// Stub is a server for all services at one address.
type Stub struct {
	// URL is the value for AWS_ENDPOINT_URL.
	URL string
	// Certificate is the server's own, in PEM; the functions must trust it.
	Certificate []byte

	server  *httptest.Server
	secrets map[string]string // by ARN
	latency atomic.Pointer[func(call string) time.Duration]

	mu      sync.Mutex
	arrived Arrived
	items   map[string]Item   // by key
	shared  map[string][]byte // certificates and permits to fetch them, by key
}

// Start starts a stub that has these secrets, by ARN, and answers at once.
func Start(secrets map[string]string) *Stub {
	s := &Stub{secrets: secrets, items: map[string]Item{}, shared: map[string][]byte{}}
	s.SetLatency(func(string) time.Duration { return 0 })
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that were killed
	s.server.StartTLS()                                   // without HTTP/2, as these AWS services
	s.URL = s.server.URL
	s.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
	return s
}

// Close stops the server.
func (s *Stub) Close() { s.server.Close() }

// SetLatency makes each call take as long as latency returns for it.
func (s *Stub) SetLatency(latency func(call string) time.Duration) { s.latency.Store(&latency) }

// Reset empties queues and table and sets the counts to 0.
func (s *Stub) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived, s.items = Arrived{}, map[string]Item{}
}

// Arrived returns what arrived since Reset.
func (s *Stub) Arrived() Arrived {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived
}

// ServeHTTP answers a call. What a call stores is stored even if the client gives up,
// as with AWS.
func (s *Stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case target == "AmazonSQS.SendMessage":
		s.wait(SendMessage)
		s.sendMessage(w, body)
	case target == "secretsmanager.GetSecretValue":
		s.wait(GetSecretValue)
		s.getSecretValue(w, body)
	case strings.HasPrefix(target, "DynamoDB_") && strings.HasSuffix(target, ".PutItem"):
		s.wait(PutItem)
		s.putItem(w, body)
	case bytes.HasPrefix(body, []byte("Action=Publish&")): // SNS has forms and XML
		s.wait(Publish)
		s.publish(w)
	case target == "":
		s.wait(PutObject) // a GET takes no longer
		s.object(w, r, body)
	default:
		s.refuse(w, "UnknownOperationException")
	}
}

func (s *Stub) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func (s *Stub) wait(call string) {
	if d := (*s.latency.Load())(call); d > 0 {
		time.Sleep(d)
	}
}

func (s *Stub) sendMessage(w http.ResponseWriter, body []byte) {
	var in struct{ QueueURL, MessageBody string }
	if json.Unmarshal(body, &in) != nil || in.QueueURL == "" || in.MessageBody == "" {
		s.refuse(w, "InvalidParameterValue")
		return
	}
	s.mu.Lock()
	s.arrived.Messages = append(s.arrived.Messages, in.MessageBody)
	n := len(s.arrived.Messages)
	s.mu.Unlock()
	sum := md5.Sum([]byte(in.MessageBody)) // the SDK compares it with its own
	respond(w, http.StatusOK, map[string]any{
		"MessageId":        fmt.Sprintf("00000000-0000-4000-9000-%012d", n),
		"MD5OfMessageBody": hex.EncodeToString(sum[:]),
	})
}

func (s *Stub) getSecretValue(w http.ResponseWriter, body []byte) {
	var in struct{ SecretID string }
	if json.Unmarshal(body, &in) != nil || s.secrets[in.SecretID] == "" {
		s.refuse(w, "ResourceNotFoundException")
		return
	}
	respond(w, http.StatusOK, map[string]any{
		"ARN": in.SecretID, "Name": in.SecretID, "SecretString": s.secrets[in.SecretID],
		"VersionId": "00000000-0000-4000-9000-000000000000", "VersionStages": []string{"AWSCURRENT"},
	})
}

func (s *Stub) putItem(w http.ResponseWriter, body []byte) {
	var in struct{ Item Item }
	if json.Unmarshal(body, &in) != nil || len(in.Item) == 0 {
		s.refuse(w, "ValidationException")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := in.Item.key()
	if stored, exists := s.items[key]; exists {
		s.arrived.Duplicates++
		respond(w, http.StatusBadRequest, map[string]any{
			"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional request failed", "Item": stored,
		})
		return
	}
	s.items[key] = in.Item
	s.arrived.Items = append(s.arrived.Items, in.Item)
	respond(w, http.StatusOK, map[string]any{})
}

func (s *Stub) publish(w http.ResponseWriter) {
	s.count(&s.arrived.Published)
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>`+
		`<MessageId>00000000-0000-4000-9000-000000000000</MessageId></PublishResult></PublishResponse>`)
}

// object puts or returns an object. One that the instances of a processor share is put
// only if there is none; others are counted.
func (s *Stub) object(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !strings.HasPrefix(key, contract.CertificatePrefix) && !strings.HasPrefix(key, contract.FetchPrefix) {
		s.arrived.Objects++
		return
	}
	if r.Header.Get("X-Amz-Decoded-Content-Length") != "" {
		// The SDK sends a checksum after unsigned chunks, which are those of HTTP (S3 API
		// Reference, "Signature calculations for trailing headers (chunked uploads)").
		body, _ = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body))) // as the SDK wrote it
	}
	data, exists := s.shared[key]
	_, unreadable := x509.ParseCertificates(body) // a permit is empty
	switch put := r.Method == http.MethodPut; {
	case unreadable != nil:
		s.arrived.Refusals++ // a processor that cannot read it would fetch anew
		w.WriteHeader(http.StatusBadRequest)
	case put && exists:
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = io.WriteString(w, "<Error><Code>PreconditionFailed</Code></Error>")
	case put:
		s.shared[key] = body
	case !exists:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
	default:
		_, _ = w.Write(data)
	}
}

// refuse answers 400, which the SDK does not retry.
func (s *Stub) refuse(w http.ResponseWriter, kind string) {
	s.count(&s.arrived.Refusals)
	respond(w, http.StatusBadRequest, map[string]any{"__type": kind})
}

// respond writes a response of one of AWS's JSON protocols. The SDK checks the
// checksum of DynamoDB's responses.
func respond(w http.ResponseWriter, status int, value any) {
	body, _ := json.Marshal(value) // of texts and items
	h := w.Header()
	h.Set("Content-Type", "application/x-amz-json-1.0")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
