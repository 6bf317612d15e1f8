package mains

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// cloud answers the few AWS calls that functions make, and keeps them. That
// the calls are right is for the flow test on the emulator to say: here they
// only show that a main is wired.
type cloud struct {
	url string

	mu    sync.Mutex
	calls []call
}

// call is a request as its X-Amz-Target names it.
type call struct {
	target string
	input  map[string]any
}

// newCloud runs a cloud whose Secrets Manager holds one secret.
func newCloud(t *testing.T, secret string) *cloud {
	t.Helper()
	c := &cloud{}
	answers := map[string]func(input map[string]any) any{
		"secretsmanager.GetSecretValue": func(map[string]any) any {
			return map[string]string{"SecretString": secret}
		},
		"AmazonSQS.SendMessage": func(input map[string]any) any {
			sum := md5.Sum([]byte(input["MessageBody"].(string))) // the SDK compares it
			return map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])}
		},
		"DynamoDB_20120810.PutItem": func(map[string]any) any {
			return struct{}{}
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		var input map[string]any
		body, _ := io.ReadAll(r.Body)
		answer := answers[target]
		if err := json.Unmarshal(body, &input); err != nil || answer == nil {
			http.Error(w, "no such call: "+target, http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		c.calls = append(c.calls, call{target, input})
		c.mu.Unlock()
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_ = json.NewEncoder(w).Encode(answer(input))
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// environment leads an AWS SDK to the cloud.
func (c *cloud) environment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + c.url,
		"AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=id",
		"AWS_SECRET_ACCESS_KEY=secret",
	}
}

// inputs are those of all calls of one target so far.
func (c *cloud) inputs(target string) []map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	var inputs []map[string]any
	for _, call := range c.calls {
		if call.target == target {
			inputs = append(inputs, call.input)
		}
	}
	return inputs
}
