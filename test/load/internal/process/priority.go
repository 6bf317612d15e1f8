package process

import (
	"fmt"
	"runtime"
	"syscall"
)

// niceness is below this program's priority (setpriority(2)).
const niceness = 5

// AtLowerPriority calls start, and what it starts has a lower priority than this
// program: who plays Lambda, AWS and the senders on a machine that is busy must
// not come last, or the load is no longer what was asked for.
func AtLowerPriority(start func() error) error {
	done := make(chan error)
	go func() {
		// A process inherits the priority of the thread that starts it. This
		// thread ends with the goroutine, since it is never unlocked.
		runtime.LockOSThread()
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness); err != nil {
			done <- fmt.Errorf("lower the priority: %w", err)
			return
		}
		done <- start()
	}()
	return <-done
}
