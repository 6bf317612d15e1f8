package hostile

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/paysluice/paysluice/handlers/contract"
)

// cloud serves the AWS calls of the functions. Its tables keep items, and return the
// one whose key is taken, as DynamoDB does (DynamoDB API Reference, PutItem,
// ReturnValuesOnConditionCheckFailure).
type cloud struct {
	url     string
	secrets map[string]string // by ARN

	mu       sync.Mutex
	items    map[string]json.RawMessage
	guards   map[string]json.RawMessage
	archived map[string]bool // keys of the objects in the bucket since reset

	published int // messages of the topic
}

func newCloud(t *testing.T, secrets map[string]string) *cloud {
	t.Helper()
	c := &cloud{secrets: secrets}
	c.reset()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *cloud) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items, c.guards, c.archived = map[string]json.RawMessage{}, map[string]json.RawMessage{}, map[string]bool{}
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the function gave the request up
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	switch r.Header.Get("X-Amz-Target") {
	case "secretsmanager.GetSecretValue":
		var in struct{ SecretId string }
		_ = json.Unmarshal(body, &in)
		_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": c.secrets[in.SecretId]})
	case "AmazonSQS.SendMessage":
		var in struct{ MessageBody string }
		_ = json.Unmarshal(body, &in)
		sum := md5.Sum([]byte(in.MessageBody)) // the SDK checks it
		_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	case "DynamoDB_20120810.PutItem":
		c.put(w, body)
	case "DynamoDB_20120810.Query", "DynamoDB_20120810.BatchGetItem": // the reconciler finds nothing
		_, _ = io.WriteString(w, `{"Items":[],"Responses":{}}`)
	case "":
		if bytes.HasPrefix(body, []byte("Action=Publish&")) { // SNS; all else is S3
			c.published++
			_, _ = io.WriteString(w, "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>")
			return
		}
		c.object(w, r)
	}
}

// object notes what is put into the bucket. The processor of PayPal finds no
// certificate in it, and gets every permit to fetch one.
func (c *cloud) object(w http.ResponseWriter, r *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Query().Has("list-type"):
		_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
	case r.Method == http.MethodGet:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
	case !strings.HasPrefix(key, contract.CertificatePrefix) && !strings.HasPrefix(key, contract.FetchPrefix):
		c.archived[key] = true
	}
}

func (c *cloud) put(w http.ResponseWriter, body []byte) {
	var in struct {
		TableName string
		Item      map[string]json.RawMessage
	}
	_ = json.Unmarshal(body, &in)
	items, key := c.items, fmt.Sprintf("%s %s", in.Item[contract.EventIDAttribute], in.Item[contract.TimestampAttribute])
	if in.TableName == contract.GuardTableName {
		items, key = c.guards, string(in.Item[contract.GuardAttribute])
	}
	if stored, taken := items[key]; taken {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"","Item":%s}`, stored)
		return
	}
	delete(in.Item, "contentSha256") // a row of an earlier release is the costlier one
	items[key], _ = json.Marshal(in.Item)
	_, _ = io.WriteString(w, "{}")
}
