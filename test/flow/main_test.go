// Package flow runs the committed template and the real zips on the emulator,
// with IAM enforced. The stack is deployed once for all tests, which use event
// ids of their own. With -short only the flow of the three providers runs, on
// one deployment.
package flow_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// What all tests share: the stack, how it was deployed, and the providers that
// send to it.
var (
	stack      *emulator.Stack
	deployment emulator.Deployment
	accounts   []*account
)

func TestMain(m *testing.M) {
	flag.Parse()
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
	shared, err := emulator.Use(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shared.Stop()) }()
	deployment = emulator.Deployment{Template: filepath.Join(root, "out", "stack.json"), Zips: zips, Suffix: "flow",
		Parameters: map[string]string{"PublishTo": "topic"}}
	first := deployment
	if !testing.Short() {
		first.Parameters = map[string]string{"PublishTo": "topic", "ReconcileEvery": "1", "ReconcileRefill": "true"}
	}
	if stack, err = shared.Deploy(ctx, first); err != nil {
		return 0, err
	}
	if err := shortenVisibility(ctx); err != nil {
		return 0, err
	}
	for _, s := range []senders.Sender{
		senders.Stripe(), senders.PayPalWith(shared.PayPal), senders.Square(stack.Outputs["SquareUrl"]),
	} {
		a, err := open(ctx, s)
		if err != nil {
			return 0, err
		}
		accounts = append(accounts, a)
	}
	stop() // from here on a signal ends this process, and its emulator
	code = m.Run()
	err = checkLogs(context.Background())
	if !testing.Short() && allTestsRun() {
		err = errors.Join(err, checkRoles(context.Background()))
	}
	return code, err
}

// allTestsRun reports whether go test was not told to run only some tests.
func allTestsRun() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
}

// shortenVisibility lets a failed record return after one second instead of the
// template's 300.
func shortenVisibility(ctx context.Context) error {
	for _, output := range []string{"QueueUrl", "DeadLetterQueueUrl"} {
		if _, err := queueClient().SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
			QueueUrl:   new(stack.Outputs[output]),
			Attributes: map[string]string{"VisibilityTimeout": "1"},
		}); err != nil {
			return err
		}
	}
	return nil
}

// checkLogs returns an error if a function has logged a secret, a payload or a
// signature. It runs after all tests.
func checkLogs(ctx context.Context) error {
	functions := []string{contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName, contract.PublisherName}
	if !testing.Short() {
		functions = append(functions, contract.ReconcilerName)
	}
	for _, p := range contract.Providers() {
		functions = append(functions, contract.ProcessorName(p))
	}
	// In a base64 payload the mark has one of three forms.
	secret := append([]string{senders.Mark, "bWFya2Vk", "1hcmtlZ", "tYXJrZW"}, signatures.items...)
	for _, function := range functions {
		lines, err := stack.Logs(ctx, function)
		if err != nil {
			return err
		}
		log := strings.Join(lines, "\n")
		for _, text := range secret {
			if text != "" && strings.Contains(log, text) {
				return fmt.Errorf("%s logs a secret, a payload or a signature: %q", function, text)
			}
		}
	}
	return nil
}

// checkRoles returns an error if a role has a permission that no function has
// used. It runs after all tests. The emptier's role is tested when a stack is
// deleted.
func checkRoles(ctx context.Context) error {
	all, err := roles.Find(ctx, stack)
	if err != nil {
		return err
	}
	calls, err := stack.Calls()
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Type != roles.TypeOf(contract.EmptierName) {
			err = errors.Join(err, r.Minimal(calls))
		}
	}
	return err
}

// skipShort skips a test that make test does not need.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("too long for make test: make verify runs it")
	}
}
