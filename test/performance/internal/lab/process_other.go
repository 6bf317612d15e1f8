//go:build !linux

package lab

import (
	"errors"
	"time"
)

func cpuTime(int) time.Duration { return 0 }

func peakMemory(int) int64 { return 0 }

// atLowerPriority refuses to start a function that cannot be measured.
func atLowerPriority(func() error) error {
	return errors.New("processes are measured on Linux only")
}
