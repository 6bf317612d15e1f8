package bill

import "github.com/paysluice/paysluice/handlers/contract"

// LogPart is what one source writes about an event, in bytes.
type LogPart struct {
	What  string
	Bytes float64
	// Platform marks what Lambda itself writes.
	Platform bool
}

// LogParts are the log lines about an accepted event when the consumer takes
// batches of that many.
func (m Model) LogParts(batch float64) []LogPart {
	l := m.Sizes.Lines
	consumer := l.ConsumerBatch
	if batch == 1 {
		consumer = l.ConsumerSingle
	}
	return []LogPart{
		{"API Gateway's access log", l.Access, false},
		{"Lambda's lines about the authorizer", l.Platform[contract.AuthorizerName], true},
		{"Lambda's lines about the processor", m.processorPlatform(), true},
		{"Lambda's lines about the consumer", l.Platform[contract.ConsumerName] / batch, true},
		{"the processor's line", l.Processor, false},
		{"the consumer's lines", consumer / batch, false},
	}
}

func (m Model) processorPlatform() float64 {
	sum := 0.0
	for _, p := range contract.Providers() {
		sum += m.Sizes.Lines.Platform[contract.ProcessorName(p)]
	}
	return sum / float64(len(contract.Providers()))
}

// Logs are the lines about an accepted event, taken in and kept.
func (m Model) Logs(batch float64) Usage {
	bytes := 0.0
	for _, part := range m.LogParts(batch) {
		bytes += part.Bytes
	}
	return m.Logged(bytes)
}

// Logged is that many bytes of log, taken in and kept until they expire.
func (m Model) Logged(bytes float64) Usage {
	return Usage{LogIngest: bytes / gb, LogStorage: bytes / gb * m.Stack.LogDays / 30}
}
