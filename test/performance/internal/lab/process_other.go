//go:build !linux

package lab

import (
	"errors"
	"time"
)

// errPlatform is returned everywhere but on Linux, where functions run.
var errPlatform = errors.New("processes are measured on Linux only")

func cpuTime(int) (time.Duration, error) { return 0, errPlatform }

func peakMemory(int) (int64, error) { return 0, errPlatform }

func atLowerPriority(func() error) error { return errPlatform }
