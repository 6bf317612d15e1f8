// Package doctor checks whether a deployed stack is right. It compares what AWS
// has with the deployed template, and the deployed template with the local one. It
// changes nothing and prints nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// Severity says how bad a finding is.
type Severity string

// All severities.
const (
	Error   Severity = "error"   // events are refused, delayed or lost, or nobody would notice
	Warning Severity = "warning" // the stack works, but less safely than it could
	Unknown Severity = "unknown" // the check could not be made
)

// Finding is something wrong with a stack.
type Finding struct {
	Severity Severity `json:"severity"`
	Subject  string   `json:"subject"` // the resource
	Problem  string   `json:"problem"`
	Means    string   `json:"means,omitempty"`
	// Do is the remedy: a command, or text that names a page.
	Do string `json:"do"`
}

// Result is the outcome of a check.
type Result struct {
	Check string `json:"check"`
	Looks string `json:"looksAt"`
	// Skipped is the reason why the check was not made.
	Skipped  string    `json:"skipped,omitempty"`
	Findings []Finding `json:"findings"`
}

// check is one question about a stack, or about a provider's side. run returns what is
// wrong, and an error if it could not look at everything.
type check[S any] struct {
	name, looks string
	run         func(S, context.Context) ([]Finding, error)
}

// skipped is the error of a check that does not apply.
type skipped string

func (s skipped) Error() string { return string(s) }

// Doctor checks one stack.
type Doctor struct {
	stack *stack.Stack
	// templateFile is the local template, out the folder with local zips.
	templateFile, out string

	deployed func() (*template, error)

	functions *lambda.Client
	gateway   *apigateway.Client
	alarms    *cloudwatch.Client
	logs      *cloudwatchlogs.Client
	keys      *kms.Client
	secrets   *secretsmanager.Client
	topics    *sns.Client
	queues    *sqs.Client
	tables    *dynamodb.Client
	objects   *s3.Client
	roles     *iam.Client
	rules     *eventbridge.Client
}

// New returns the doctor of a stack. templateFile and out are the local template and
// the folder with local zips; both may be missing.
func New(ctx context.Context, s *stack.Stack, templateFile, out string) *Doctor {
	config := s.AWS.Config
	return &Doctor{
		stack: s, templateFile: templateFile, out: out,
		deployed: sync.OnceValues(func() (*template, error) {
			return readTemplate(ctx, cloudformation.NewFromConfig(config), s)
		}),
		functions: lambda.NewFromConfig(config),
		gateway:   apigateway.NewFromConfig(config),
		alarms:    cloudwatch.NewFromConfig(config),
		logs:      cloudwatchlogs.NewFromConfig(config),
		keys:      kms.NewFromConfig(config),
		secrets:   secretsmanager.NewFromConfig(config),
		topics:    sns.NewFromConfig(config),
		queues:    sqs.NewFromConfig(config),
		tables:    dynamodb.NewFromConfig(config),
		objects:   query.NewS3(s),
		roles:     iam.NewFromConfig(config),
		rules:     eventbridge.NewFromConfig(config),
	}
}

// checks returns all checks, those about incoming webhooks first.
func checks() []check[*Doctor] {
	return slices.Concat(
		stackChecks(), secretChecks(), intakeChecks(), functionChecks(),
		deliveryChecks(), storageChecks(), roleChecks(), alarmChecks(),
	)
}

// Names returns the names of all checks.
func Names() []string {
	var names []string
	for _, c := range checks() {
		names = append(names, c.name)
	}
	return names
}

// concurrency is the number of checks of a stack that run at a time.
const concurrency = 8

// Examine makes all checks except those of the names in skip. The error is that of
// ctx: a check that fails is a finding of severity Unknown.
func (d *Doctor) Examine(ctx context.Context, skip []string) ([]Result, error) {
	return runChecks(ctx, d, checks(), skip, concurrency)
}

// runChecks makes the checks of a subject, some at a time.
func runChecks[S any](ctx context.Context, subject S, all []check[S], skip []string, atOnce int) ([]Result, error) {
	results := make([]Result, len(all))
	failures := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, c := range all {
		results[i] = Result{Check: c.name, Looks: c.looks, Findings: []Finding{}}
		if slices.Contains(skip, c.name) {
			results[i].Skipped = "by --skip"
			continue
		}
		group.Go(func() error {
			found, err := c.run(subject, ctx)
			results[i].Findings = append(results[i].Findings, found...)
			failures[i] = err
			return nil
		})
	}
	_ = group.Wait()
	known := map[string]string{}
	for i := range results {
		results[i].fail(failures[i], known)
	}
	return results, ctx.Err()
}

// fail adds the failure of a check. known has the checks that first reported a
// failure: one missing permission is one finding.
func (r *Result) fail(err error, known map[string]string) {
	if err == nil {
		return
	}
	if reason, ok := errors.AsType[skipped](err); ok {
		r.Skipped = reason.Error()
		return
	}
	f := Finding{Severity: Unknown, Subject: r.Looks, Problem: "could not be checked: " + err.Error(),
		Means: "The check says nothing about the stack.", Do: "run paysluice doctor again when AWS answers"}
	cause := f.Problem
	denied, isDenied := errors.AsType[*stack.Denied](err)
	refused, isRefused := errors.AsType[*source.StatusError](err)
	switch {
	case isDenied:
		f.Problem = fmt.Sprintf("could not be checked: access denied: %s on %s", denied.Action, denied.Resource)
		f.Do = "add to your policy: " + denied.Statement()
		cause = f.Problem
	case isRefused && errors.Is(err, source.ErrKey):
		f.Do = permission(refused)
		cause = f.Do // several calls need one permission
	case errors.Is(err, source.ErrUnavailable):
		f.Do = "run paysluice doctor again when the provider answers"
		cause = f.Do
	}
	if other, ok := known[cause]; ok {
		r.Skipped = "not possible, see " + other
		return
	}
	known[cause] = r.Check
	r.Findings = append(r.Findings, f)
}

// emulated reports whether the stack is on an emulator.
func (d *Doctor) emulated() bool { return d.stack.AWS.Endpoint != "" }

// aws returns a command line of the aws command for the stack's region.
func (d *Doctor) aws(format string, args ...any) string {
	return fmt.Sprintf("aws "+format, args...) + " --region " + d.stack.AWS.Config.Region
}

// undo is the remedy of a change by hand without a command of its own.
const undo = "revert the change by hand: docs/operating.md, How do I revert a change that somebody made by hand?"

// drift returns a finding for each member of want that live lacks, one for all of
// them.
func drift(subject string, want, live any, means string) []Finding {
	found := differences("", want, live)
	if len(found) == 0 {
		return nil
	}
	return []Finding{{Error, subject, "differs from the template: " + strings.Join(found, "; "), means, undo}}
}
