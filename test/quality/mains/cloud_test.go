package mains

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

// cloud serves the AWS calls of the functions and records them. It shows that a
// main is wired. Whether the calls are right is tested on the emulator
// (test/flow).
type cloud struct {
	url string
	// secretDelay delays the reading of the secret until stop is called.
	secretDelay time.Duration
	stopped     chan struct{}

	mu    sync.Mutex
	calls []call
}

// call is a request: the value of its X-Amz-Target header, or else PUT, GET or the action
// of the query protocol.
type call struct {
	target string
	input  map[string]any
}

// newCloud starts a cloud with one secret in Secrets Manager.
func newCloud(t *testing.T, secret string) *cloud {
	t.Helper()
	c := &cloud{stopped: make(chan struct{})}
	answers := map[string]func(input map[string]any) any{
		"secretsmanager.GetSecretValue": func(map[string]any) any {
			select {
			case <-time.After(c.secretDelay):
			case <-c.stopped:
			}
			return map[string]string{"SecretString": secret}
		},
		"AmazonSQS.SendMessage": func(input map[string]any) any {
			sum := md5.Sum([]byte(input["MessageBody"].(string))) // the SDK checks it
			return map[string]string{"MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:])}
		},
		"AWSEvents.PutEvents": func(map[string]any) any {
			return map[string]any{"FailedEntryCount": 0, "Entries": []any{map[string]string{"EventId": "1"}}}
		},
		"DynamoDB_20120810.PutItem": func(map[string]any) any {
			return struct{}{}
		},
		"DynamoDB_20120810.Query": func(map[string]any) any {
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
		case r.Method == http.MethodGet:
			target, input = "GET", map[string]any{"path": r.URL.Path}
		default: // the query protocol of CloudFormation and SNS
			form, _ := url.ParseQuery(string(body))
			target, input = form.Get("Action"), map[string]any{"form": form}
		}
		var answer any
		if respond := answers[target]; respond != nil {
			answer = respond(input)
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
		case target == "Publish":
			_, _ = io.WriteString(w, "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>")
		case target == "GET": // a list of S3
			_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
		case target != "PUT":
			http.Error(w, "unknown call: "+target, http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// stop ends the delay of the secret.
func (c *cloud) stop() { close(c.stopped) }

// environment directs an AWS SDK to the cloud.
func (c *cloud) environment() []string {
	return []string{client.EndpointVar + "=" + c.url}
}

// inputs returns the inputs of all calls with a target so far.
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

// describedStack is a stack during the cleanup of an update.
const describedStack = `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
  <StackStatus>UPDATE_COMPLETE_CLEANUP_IN_PROGRESS</StackStatus>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
