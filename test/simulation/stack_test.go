package simulation_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stack is what the simulation takes from the committed template, so that it
// runs with the numbers that are deployed.
type stack struct {
	processorTimeout time.Duration
	consumerTimeout  time.Duration
	archiverTimeout  time.Duration
	consumerBatch    int
	archiverBatch    int
	maxReceiveCount  int

	queue, deadLetterQueue map[string]string // attributes of CreateQueue, without the redrive policy
}

// loadStack reads out/stack.json.
func loadStack(t *testing.T) stack {
	t.Helper()
	text, err := os.ReadFile("../../out/stack.json")
	require.NoError(t, err)
	var template struct {
		Resources map[string]struct {
			Properties struct {
				Timeout                int
				BatchSize              int
				VisibilityTimeout      int
				MessageRetentionPeriod int
				MaximumMessageSize     int
				RedrivePolicy          struct {
					MaxReceiveCount int `json:"maxReceiveCount"`
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &template))
	number := func(n int) int {
		require.NotZero(t, n, "out/stack.json names its resources otherwise")
		return n
	}
	attributes := func(id string) map[string]string {
		p := template.Resources[id].Properties
		return map[string]string{
			"VisibilityTimeout":      strconv.Itoa(number(p.VisibilityTimeout)),
			"MessageRetentionPeriod": strconv.Itoa(number(p.MessageRetentionPeriod)),
			"MaximumMessageSize":     strconv.Itoa(number(p.MaximumMessageSize)),
		}
	}
	seconds := func(id string) time.Duration {
		return time.Duration(number(template.Resources[id].Properties.Timeout)) * time.Second
	}
	return stack{
		processorTimeout: seconds("StripeProcessorFunction"),
		consumerTimeout:  seconds("ConsumerFunction"),
		archiverTimeout:  seconds("ArchiverFunction"),
		consumerBatch:    number(template.Resources["ConsumerMapping"].Properties.BatchSize),
		archiverBatch:    number(template.Resources["ArchiverMapping"].Properties.BatchSize),
		maxReceiveCount:  number(template.Resources["WebhookQueue"].Properties.RedrivePolicy.MaxReceiveCount),
		queue:            attributes("WebhookQueue"),
		deadLetterQueue:  attributes("DeadLetterQueue"),
	}
}
