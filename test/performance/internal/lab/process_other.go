//go:build !linux

package lab

import "time"

// cpuTime is never called: ThisMachine refuses a machine without /proc.
func cpuTime(int) time.Duration { return 0 }
