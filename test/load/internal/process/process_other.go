//go:build !linux

// Package process reads what a running process has used.
package process

import (
	"errors"
	"time"
)

// ErrPlatform: the harness measures on Linux only, where functions run.
var ErrPlatform = errors.New("processes are measured on Linux only")

// CPU is the processor time, user and system, that a process has used so far.
func CPU(int) (time.Duration, error) { return 0, ErrPlatform }

// PeakMemory is the most memory, in bytes, that a process has had resident.
func PeakMemory(int) (int64, error) { return 0, ErrPlatform }
