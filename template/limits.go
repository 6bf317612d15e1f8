package template

import (
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// pollerConcurrency matches the values of MaximumConcurrency (Lambda Developer
// Guide, "Configuring scaling behavior for SQS event source mappings").
const pollerConcurrency = "[2-9]|[1-9][0-9]{1,2}|1000"

// addLimits declares the parameters for load and retention.
func (s *stack) addLimits() {
	s.addNumber(throttleRate, "1000", "[1-9][0-9]{0,3}|10000", "1 to 10000",
		"Requests per second that each provider's path takes. Above it API Gateway responds 429, and the provider retries.")
	s.addNumber(throttleBurst, "2000", "[1-9][0-9]{0,3}|10000", "1 to 10000",
		"Requests that each provider's path takes at once.")
	// Reserved concurrency would throttle invocations instead, and each throttled
	// invocation uses up a receive. 50 batches of contract.BatchSize in about 100 ms
	// are 5,000 events per second, more than three providers can send under the
	// stage's throttle.
	s.addNumber(consumerConcurrency, "50", pollerConcurrency, "2 to 1000",
		"Batches of "+QueueName+" that "+contract.ConsumerName+" stores at the same time. They count towards the account's Lambda concurrency.")
	// Dead letters are kept for days. A batch takes about 300 ms.
	s.addNumber(archiverConcurrency, "10", pollerConcurrency, "2 to 1000",
		"Batches of "+DeadLetterQueueName+" that "+contract.ArchiverName+" archives at the same time.")
	s.addNumber(maxReceiveCount, "3", "[1-9][0-9]{0,2}|1000", "1 to 1000",
		"Receives after which an event that is not stored goes to "+DeadLetterQueueName+". AWS advises at least 5.")
	s.addReserved()
	s.addTracing()
	s.Parameter(logRetentionDays, cfn.Parameter{
		Type:        "String",
		Description: "Days after which log lines are deleted.",
		Default:     "30",
		// Amazon CloudWatch Logs API Reference, PutRetentionPolicy.
		AllowedValues: []string{"1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545", "731",
			"1096", "1827", "2192", "2557", "2922", "3288", "3653"},
	})
}

// addReserved declares the parameters for the reserved concurrency of the functions
// behind the API. Lambda leaves at least 100 to functions without a reservation
// (Lambda Developer Guide, "Configuring reserved concurrency for a function"), and a
// new account may have less.
func (s *stack) addReserved() {
	reserved := func(name, condition, who string) string {
		s.addNumber(name, "0", "0|[1-9][0-9]{0,3}", "0 to 9999",
			"Lambda concurrency that only "+who+" can use, which is also its limit. 0 reserves nothing.")
		reserves := s.Condition(condition, cfn.Not(cfn.Equals(cfn.Ref(name), "0")))
		return cfn.If(reserves, cfn.Ref(name), cfn.NoValue())
	}
	s.authorizerReserved = reserved(authorizerReserved, "ReservesForAuthorizer", contract.AuthorizerName)
	s.processorReserved = reserved(processorReserved, "ReservesForProcessors", "each provider's processor")
}

// addTracing declares the parameter that turns X-Ray on. Off, it is off for API
// Gateway and functions together: API Gateway records every request whose sender
// asks for it in the header X-Amzn-Trace-Id.
func (s *stack) addTracing() {
	s.Parameter(tracing, cfn.Parameter{
		Type:          "String",
		Description:   "Whether API Gateway and the functions send traces to X-Ray. Then anybody can cause traces, which cost money.",
		Default:       "false",
		AllowedValues: []string{"true", "false"},
	})
	s.traced = s.Condition("Traces", cfn.Equals(cfn.Ref(tracing), "true"))
}

// trace returns a token for a statement that allows a function to send traces.
// Neither action can be limited to a resource (Service Authorization Reference,
// "AWS X-Ray").
func (s *stack) trace() string {
	return cfn.If(s.traced, allow("Trace", []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, "*"), cfn.NoValue())
}

// addNumber declares a parameter for a whole number that matches a pattern. The
// type Number would allow fractions.
func (s *stack) addNumber(name, value, pattern, limits, description string) {
	s.Parameter(name, cfn.Parameter{
		Type:                  "String",
		Description:           description,
		Default:               value,
		AllowedPattern:        "^(" + pattern + ")$",
		ConstraintDescription: "must be a whole number, " + limits,
	})
}
