package lab

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
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

// peakMemory returns the most bytes that a process has had resident: VmHWM of
// /proc/PID/status (proc_pid_status(5)).
func peakMemory(pid int) int64 {
	kB, _ := strconv.ParseInt(strings.TrimSuffix(entry(fmt.Sprintf("%d/status", pid), "VmHWM"), " kB"), 10, 64)
	return kB << 10
}

// niceness is how far below this program's the functions' priority is (setpriority(2)).
const niceness = 5

// atLowerPriority runs start so that the processes it starts have a lower priority than
// this program: on a busy machine the load must still come when it is due.
func atLowerPriority(start func() error) error {
	done := make(chan error)
	go func() {
		// A process inherits the priority of the thread that starts it. The thread ends
		// with this goroutine, since it is never unlocked.
		runtime.LockOSThread()
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness); err != nil {
			done <- fmt.Errorf("lower the priority: %w", err)
			return
		}
		done <- start()
	}()
	return <-done
}
