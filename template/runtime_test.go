package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGoUsesAsManyThreadsAsThereAreVCPUs(t *testing.T) {
	for _, row := range []struct {
		why      string
		memoryMB int
		want     string
	}{
		{"a fourteenth of a vCPU is still a thread", 128, "1"},
		{"exactly one", 1769, "1"},
		{"a little more than one", 1770, "2"},
		{"the most that Lambda has: six", 10_240, "6"},
	} {
		assert.Equal(t, row.want, goRuntime(row.memoryMB)["GOMAXPROCS"], row.why)
	}
}
