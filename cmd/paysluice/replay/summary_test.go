package replay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

func TestRecovered(t *testing.T) {
	s := replay.Summary{Record: replay.Record{Plan: replay.Plan{Groups: []replay.Group{
		{Provider: "stripe", Count: 5},
		{Provider: "stripe", Skipped: "another archived message has the same event", Count: 2},
		{Provider: "stripe", Skipped: "the table has it", Count: 7},
		{Provider: "square", Count: 3},
	}}}}
	assert.Zero(t, s.Recovered("stripe"), "without a proof")
	s.Proof = &replay.Proof{Stored: 8}
	assert.Equal(t, []int{7, 3, 0}, []int{s.Recovered("stripe"), s.Recovered("square"), s.Recovered("paypal")})
	s.Proof.Missing = []replay.Missing{{Key: "stripe/2026/03/10/1.json"}}
	assert.Equal(t, []int{4, 3}, []int{s.Recovered("stripe"), s.Recovered("square")}, "the repeated message can be the missing one")
	s.NotSent = 1
	assert.Equal(t, 3, s.Recovered("stripe"), "another run can have sent it")
}
