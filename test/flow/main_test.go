// Package flow runs the committed template on the emulator, under IAM
// enforcement, with the real zips and the real aws cloudformation deploy. The
// stack is deployed once; the tests share it and keep out of each other's way
// by event ids of their own.
package flow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

const suffix = "flow"

// stack is the one that all tests share, and deployment how it was made;
// accounts are the providers that send to it.
var (
	stack      *emulator.Stack
	deployment emulator.Deployment
	accounts   []*account
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := emulator.Root()
	if err != nil {
		return 0, err
	}
	zips, err := emulator.BuildZips(ctx, root)
	if err != nil {
		return 0, fmt.Errorf("build the zips: %w", err)
	}
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	defer hosts.Close()
	e, err := emulator.Start(ctx, emulator.Options{Root: root, Proxy: hosts.URL, Roots: authority.Root.PEM()})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Stop()) }()
	deployment = emulator.Deployment{
		Template: filepath.Join(root, "out", "stack.json"),
		Zips:     zips,
		Suffix:   suffix,
	}
	if stack, err = e.Deploy(ctx, deployment); err != nil {
		return 0, err
	}
	if err := shortenVisibility(ctx); err != nil {
		return 0, err
	}
	for _, s := range []senders.Sender{
		senders.Stripe(), senders.PayPal(authority, hosts), senders.Square(stack.Outputs["SquareUrl"]),
	} {
		a, err := open(ctx, s)
		if err != nil {
			return 0, err
		}
		accounts = append(accounts, a)
	}
	stop() // from here on a signal ends this process, and the emulator with it
	code = m.Run()
	err = checkLogs(context.Background())
	if wholeSuite() {
		err = errors.Join(err, checkRoles(context.Background()))
	}
	return code, err
}
