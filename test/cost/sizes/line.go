package sizes

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/paysluice/paysluice/handlers/authorizer"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/cost/stack"
)

// Lines are the log lines of an invocation or a request, in bytes.
type Lines struct {
	// Access is API Gateway's, for an accepted request and for one that gate 1
	// turned away.
	Access, AccessRefused float64
	// Processor is its line about an accepted webhook and about a forged one.
	Processor, ProcessorRefused float64
	// AuthorizerRefused is its line about a request that it turns away; it
	// writes none about one that it lets through.
	AuthorizerRefused float64
	// ConsumerBatch and ConsumerSingle are its lines about a full batch of all
	// providers' events, and about a single event.
	ConsumerBatch, ConsumerSingle float64
	// Platform are Lambda's own about an invocation of each function.
	Platform map[string]float64
}

// newLines measures them with these events, one of each provider.
func newLines(s stack.Stack, of []Event) (Lines, error) {
	lines := Lines{
		Processor: Mean(of, func(e Event) float64 { return float64(e.processorLine) }),
		Platform:  map[string]float64{},
	}
	for name, f := range s.Functions {
		if f.SystemLogs {
			lines.Platform[name] = float64(len(startLine(name)) + len(reportLine(f)))
		}
	}
	for _, p := range contract.Providers() {
		refused := wire{}
		if _, err := refused.process(p, []byte("{}")); err != nil {
			return Lines{}, err
		}
		lines.ProcessorRefused += float64(logged(&refused.log)) / float64(len(of))
		turnedAway, err := turnAway(p)
		if err != nil {
			return Lines{}, err
		}
		lines.AuthorizerRefused += turnedAway / float64(len(of))
	}
	var err error
	if lines.ConsumerBatch, err = consumerLines(of, int(s.Mapping(contract.ConsumerName).BatchSize)); err != nil {
		return Lines{}, err
	}
	if lines.ConsumerSingle, err = consumerLines(of, 1); err != nil {
		return Lines{}, err
	}
	if lines.Access, err = accessLine(s.API.AccessLog, accepted()); err != nil {
		return Lines{}, err
	}
	lines.AccessRefused, err = accessLine(s.API.AccessLog, refused())
	return lines, err
}

// lineTime is when a line was written: by the machine's clock, in its zone, and
// without the zeros that a nanosecond ends with.
var lineTime = regexp.MustCompile(`"timestamp":"[^"]*"`)

// logged is the size of log lines as Lambda's clock would have them, in UTC.
func logged(log *bytes.Buffer) int {
	return len(lineTime.ReplaceAllLiteral(log.Bytes(), []byte(`"timestamp":"2026-05-28T20:26:40.123456789Z"`)))
}

func consumerLines(of []Event, size int) (float64, error) {
	batch := make([]Event, size)
	for i := range batch {
		batch[i] = of[i%len(of)]
	}
	var w wire
	err := w.consume(batch...)
	return float64(logged(&w.log)), err
}

// turnAway asks the authorizer about a request without a signature.
func turnAway(p contract.Provider) (float64, error) {
	var log bytes.Buffer
	h := authorizer.Handler{
		Providers: all.All(all.Settings{}),
		Log:       function.NewLogger(&log, "INFO"),
		Metrics:   function.NewMetrics(&log, environment, now),
		Now:       now,
	}
	_, err := h.Handle(inLambda(), function.Request{Resource: "/" + p.Path, RequestID: requestID})
	return float64(logged(&log)), err
}

// Lambda's lines about an invocation in JSON (Lambda Developer Guide, "Lambda
// Telemetry API Event schema reference", platform.start and platform.report;
// functionArn as in lines of October 2026). Tracing is in five per cent of the
// reports only.
func startLine(function string) string {
	return fmt.Sprintf(`{"time":"2026-10-08T07:30:41.076Z","type":"platform.start","record":{"requestId":"%s",`+
		`"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:%s-%s","version":"$LATEST"}}`,
		requestID, function, environment)
}

func reportLine(f stack.Function) string {
	return fmt.Sprintf(`{"time":"2026-10-08T07:30:42.149Z","type":"platform.report","record":{"requestId":"%s",`+
		`"metrics":{"durationMs":12.345,"billedDurationMs":13,"memorySizeMB":%.0f,"maxMemoryUsedMB":25},"status":"success"}}`,
		requestID, f.MemoryMB)
}

// accepted are the variables of an access log line about an accepted webhook.
func accepted() map[string]string {
	return map[string]string{
		"requestId":               requestID,
		"extendedRequestId":       "TWegAcC4EowCHnA=",
		"requestTime":             "28/May/2026:20:26:40 +0000",
		"identity.sourceIp":       "192.0.2.144",
		"httpMethod":              "POST",
		"resourcePath":            "/stripe",
		"status":                  "200",
		"responseLength":          "72",
		"responseLatency":         "31",
		"authorizer.error":        "-",
		"authorizer.status":       "200",
		"authorizer.latency":      "9",
		"error.responseType":      "-",
		"integration.status":      "200",
		"integrationLatency":      "21",
		"integrationErrorMessage": "-",
	}
}

// refused is what is different when the authorizer denies the request.
func refused() map[string]string {
	variables := accepted()
	variables["status"], variables["error.responseType"] = "401", "ACCESS_DENIED"
	variables["integration.status"], variables["integrationLatency"] = "-", "-"
	return variables
}

var variable = regexp.MustCompile(`\$context\.([A-Za-z.]+)`)

// accessLine fills a format's variables in.
func accessLine(format string, variables map[string]string) (float64, error) {
	var err error
	line := variable.ReplaceAllStringFunc(format, func(match string) string {
		value, known := variables[variable.FindStringSubmatch(match)[1]]
		if !known {
			err = fmt.Errorf("the access log has %s: add an example of it to test/cost/sizes", match)
		}
		return value
	})
	return float64(len(line)), err
}
