package process_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/process"
)

func TestCPUGrowsWithWork(t *testing.T) {
	before, err := process.CPU(os.Getpid())
	require.NoError(t, err)
	sum := 0
	for i := range 10_000_000 {
		sum += i * i
	}
	after, err := process.CPU(os.Getpid())
	require.NoError(t, err)
	assert.NotZero(t, sum)
	assert.Greater(t, after, before)
}

func TestPeakMemoryCoversWhatWasTouched(t *testing.T) {
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = 1
	}
	peak, err := process.PeakMemory(os.Getpid())
	require.NoError(t, err)
	assert.Greater(t, peak, int64(len(block)))
}

func TestNoSuchProcess(t *testing.T) {
	_, err := process.CPU(1 << 22) // above the kernel's highest
	assert.Error(t, err)
	_, err = process.PeakMemory(1 << 22)
	assert.Error(t, err)
}
