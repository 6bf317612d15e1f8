// Package process reads what a running process has used.
package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// CPU is the processor time, user and system, that a process has used so far.
// It is read from the process's CPU-time clock, which counts nanoseconds;
// /proc/PID/stat counts in hundredths of a second.
func CPU(pid int) (time.Duration, error) {
	// The number of the clock: clock_getcpuclockid(3) of glibc, and
	// MAKE_PROCESS_CPUCLOCK of the kernel's include/linux/posix-timers.h, with
	// CPUCLOCK_SCHED = 2.
	clock := ^pid<<3 | 2
	var t syscall.Timespec
	// #nosec: the system call writes t and keeps no pointer to it.
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&t)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, errno)
	}
	return time.Duration(t.Nano()), nil
}

// PeakMemory is the most memory, in bytes, that a process has had resident:
// VmHWM of /proc/PID/status (proc_pid_status(5)).
func PeakMemory(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
	}
	kB, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return kB << 10, err
}
