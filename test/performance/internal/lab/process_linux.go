package lab

import (
	"syscall"
	"time"
	"unsafe"
)

// cpuTime returns the processor time, user and system, that a process has used, 0 of one
// that has ended. It reads the process's CPU-time clock, which counts nanoseconds;
// /proc/PID/stat counts in hundredths of a second.
func cpuTime(pid int) time.Duration {
	// The number of the clock: clock_getcpuclockid(3), and MAKE_PROCESS_CPUCLOCK with
	// CPUCLOCK_SCHED = 2 of the kernel's include/linux/posix-timers.h.
	clock := ^pid<<3 | 2
	var t syscall.Timespec
	// #nosec: the system call writes t and keeps no pointer to it.
	_, _, _ = syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}
