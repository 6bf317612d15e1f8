package hostile

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// cloud serves the AWS calls of the functions. Its table keeps items, and returns
// the one whose key is taken, as DynamoDB does (DynamoDB API Reference, PutItem,
// ReturnValuesOnConditionCheckFailure).
type cloud struct {
	url     string
	secrets map[string]string // by ARN

	mu    sync.Mutex
	items map[string]json.RawMessage
	// conflicts and archived count what was sent to webhook-dlq and put into the
	// bucket since reset.
	conflicts, archived int
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
	c.items, c.conflicts, c.archived = map[string]json.RawMessage{}, 0, 0
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
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
		c.conflicts++
		sum := md5.Sum([]byte(in.MessageBody)) // the SDK checks it
		_ = json.NewEncoder(w).Encode(map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])})
	case "DynamoDB_20120810.PutItem":
		c.put(w, body)
	default: // S3
		c.archived++
	}
}

func (c *cloud) put(w http.ResponseWriter, body []byte) {
	var in struct{ Item map[string]json.RawMessage }
	_ = json.Unmarshal(body, &in)
	key := fmt.Sprintf("%s %s", in.Item["eventId"], in.Item["timestamp"])
	if stored, taken := c.items[key]; taken {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"","Item":%s}`, stored)
		return
	}
	delete(in.Item, "contentSha256") // a row of an earlier release is the costlier one
	c.items[key], _ = json.Marshal(in.Item)
	_, _ = io.WriteString(w, "{}")
}
