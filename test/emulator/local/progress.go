package main

import (
	"fmt"
	"io"
	"time"
)

// step does one step of the work and says so: "deploying the stack … 2.1 s".
// The line grows while the step takes long, so that nobody takes it for hung.
func step(out io.Writer, what string, do func() error) error {
	start := time.Now()
	fmt.Fprintf(out, "%s …", what)
	stop := tick(10*time.Second, func() {
		fmt.Fprintf(out, " %.0f s …", time.Since(start).Seconds())
	})
	err := do()
	stop()
	if err != nil {
		fmt.Fprintln(out, " failed")
		return err
	}
	fmt.Fprintf(out, " %.1f s\n", time.Since(start).Seconds())
	return nil
}

// tick calls do every interval until the returned function is called, which
// waits for a call under way.
func tick(interval time.Duration, do func()) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				do()
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}
