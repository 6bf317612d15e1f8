package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/test/measured"
)

func TestProfile(t *testing.T) {
	shares := func(name string, part float64, more ...measured.Share) []measured.Share {
		return append([]measured.Share{{Name: name, Part: part}}, more...)
	}
	text := Sections(measured.Results{Profile: &measured.Profile{
		Environments: 8, Seconds: 20,
		Functions: []measured.Profiled{{
			Name: "stripe-processor", Time: 31.26,
			Areas:  shares("the kernel", 0.233),
			Stages: shares("SendMessage", 0.167, measured.Share{Name: "the message", Part: 0.021}),
		}},
		Handlers: []measured.Profiled{{
			Name: "stripe-processor", Time: 9.5,
			Areas:  shares("the kernel", 0),
			Stages: shares("the message", 0.08),
		}},
	}})["profile"]

	for _, line := range []string{
		"8 environments each flat out, profiled for 20 s",
		"| where it is spent | stripe-processor | stripe-processor, the handler |",
		"| the kernel | 23.3 % | 0.0 % |",
		"| CPU time sampled, s | 31.3 | 9.5 |",
		"| SendMessage | 16.7 % | – |",
		"| the message | 2.1 % | 8.0 % |",
	} {
		assert.Contains(t, text, line)
	}
	assert.NotEmpty(t, Sections(measured.Results{Profile: &measured.Profile{}})["profile"], "a file of results without programs is no reason to fall")
}
