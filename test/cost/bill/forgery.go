package bill

import (
	"github.com/paysluice/paysluice/handlers/contract"
)

// ForgeriesPerSecond is the most that the stage lets through.
func (m Model) ForgeriesPerSecond() float64 {
	return m.Stack.API.ThrottleRate * float64(m.Stack.API.Methods)
}

// StoppedAtGate1 is what a request uses whose headers cannot be genuine. API
// Gateway does not bill what an authorizer turned away, nor what it throttles
// (AWS re:Post, "Pricing clarification for API Gateway", the accepted answer).
func (m Model) StoppedAtGate1() Usage {
	return Plus(
		m.Traces(m.ForgeriesPerSecond()),
		m.Gate1(),
		m.Logged(m.Sizes.Lines.AccessRefused+m.Sizes.Lines.Platform[contract.AuthorizerName]+m.Sizes.Lines.AuthorizerRefused),
		m.refusal(),
	)
}

// StoppedAtGate2 is what a request uses whose headers are well formed and whose
// signature is not the provider's.
func (m Model) StoppedAtGate2() Usage {
	l, rate := m.Sizes.Lines, m.ForgeriesPerSecond()
	reads := m.secretCallsPerSecond(rate, m.Sizes.SecretRefreshes) / rate
	return Plus(
		Usage{APIRequest: 1},
		m.Traces(rate),
		m.Gate1(),
		m.Processor(),
		m.Logged(l.Access+l.Platform[contract.AuthorizerName]+m.processorPlatform()+l.ProcessorRefused),
		Usage{SecretCall: reads, KeyRequest: reads},
		m.refusal(),
	)
}

// refusal is the 401, whose body is a word.
func (m Model) refusal() Usage { return Usage{TransferOut: answerHeaders / float64(gb)} }

// Firewall is a web ACL with one rule for a month.
func Firewall() Usage { return Usage{WebACL: 1, WebRule: 1} }
