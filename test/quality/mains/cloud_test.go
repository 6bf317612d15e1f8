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
	"time"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

// cloud answers the few AWS calls that functions make, and keeps them. That
// the calls are right is for the flow test on the emulator to say: here they
// only show that a main is wired.
type cloud struct {
	url string
	// secretTakes is how long it takes to read the secret, until stop.
	secretTakes time.Duration
	stopped     chan struct{}

	mu    sync.Mutex
	calls []call
}

// call is an answered request as its X-Amz-Target names it, or by service and method.
type call struct {
	target string
	input  map[string]any
}

// newCloud runs a cloud whose Secrets Manager holds one secret.
func newCloud(t *testing.T, secret string) *cloud {
	t.Helper()
	c := &cloud{stopped: make(chan struct{})}
	answers := map[string]func(input map[string]any) any{
		"secretsmanager.GetSecretValue": func(map[string]any) any {
			select {
			case <-time.After(c.secretTakes):
			case <-c.stopped:
			}
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
		body, _ := io.ReadAll(r.Body)
		target, input := r.Header.Get("X-Amz-Target"), map[string]any{}
		switch {
		case target != "":
			_ = json.Unmarshal(body, &input)
		case r.Method == http.MethodPut: // S3 and CloudFormation's response URL
			target, input = "PUT", map[string]any{"path": r.URL.Path, "body": string(body)}
		default: // CloudFormation's query protocol
			target = "DescribeStacks"
		}
		var answer any
		if of := answers[target]; of != nil {
			answer = of(input)
		}
		c.mu.Lock()
		c.calls = append(c.calls, call{target, input})
		c.mu.Unlock()
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		switch {
		case answer != nil:
			_ = json.NewEncoder(w).Encode(answer)
		case target == "DescribeStacks":
			_, _ = io.WriteString(w, describedStack)
		case target != "PUT":
			http.Error(w, "no such call: "+target, http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// stop lets go of what takes long.
func (c *cloud) stop() { close(c.stopped) }

// environment leads an AWS SDK to the cloud.
func (c *cloud) environment() []string {
	return []string{client.EndpointVar + "=" + c.url}
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

// describedStack is a stack whose update is being cleaned up.
const describedStack = `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
  <StackStatus>UPDATE_COMPLETE_CLEANUP_IN_PROGRESS</StackStatus>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
