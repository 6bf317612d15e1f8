// Package template builds paysluice's CloudFormation stack: an API that receives
// payment providers' webhooks, the functions that verify and store them, and the
// resources that these need.
//
// JSON returns the printed stack. Build returns it as a template that a caller
// can add to. Options describe how the stack differs from the shipped one, which
// is out/stack.json:
//
//	text, err := template.JSON(template.Options{
//		Providers: []contract.Provider{contract.Stripe()},
//		Tags:      map[string]string{"cost-centre": "payments"},
//	})
//
// Each part of the stack has a file. Its constructor adds resources and outputs
// and returns the ids that other parts refer to. Deleting the stack deletes all
// data: every resource that holds data has the deletion policy "Delete".
package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// destroy is the DeletionPolicy and UpdateReplacePolicy of resources that hold
// data.
const destroy = "Delete"

// stack is the template under construction.
type stack struct {
	*cfn.Template
	options      Options
	logGroupARNs list[string] // for the key's policy
	bounded      cfn.Cond     // whether roles have a permissions boundary
	traced       cfn.Cond     // whether X-Ray is on
	// Tokens for the reserved concurrency of the functions behind the API.
	authorizerReserved, processorReserved string

	alarms         list[cfn.ID] // for the dashboard
	optionalAlarms list[conditional]
	reconciling    *reconciling // nil without a provider whose list is known
}

// conditional is a resource that exists under a condition.
type conditional struct {
	id        cfn.ID
	condition cfn.Cond
}

// nameOf returns a condition's name for a resource, "" for none.
func nameOf(c *cfn.Cond) string {
	if c == nil {
		return ""
	}
	return c.Name()
}

// Add adds a resource, with the tags of the options.
func (s *stack) Add(id string, r cfn.Resource) cfn.ID {
	return s.Template.Add(id, cfn.Tagged(r, s.options.tags()...))
}

// Build returns the stack that o describes. The error wraps ErrOptions.
// Resources in o are checked when the template is printed.
func Build(o Options) (*cfn.Template, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	s := &stack{
		Template: cfn.New(contract.StackDescription + ": payment providers' webhooks, verified, into DynamoDB"),
		options:  o,
	}
	s.addParameters()
	s.addRegionRule()
	s.addReconcilingChoice()

	q := s.addQueues()
	table := s.addTable()
	var guards cfn.ID
	if slices.ContainsFunc(o.Providers, func(p contract.Provider) bool { return p.Guarded }) {
		guards = s.addGuardTable()
	}
	bucket := s.addBucket(slices.Concat(o.Providers, o.Retired, contract.Providers()))
	emptied := s.addEmptier(bucket)
	w := watched{queues: q, providers: o.Providers}
	w.consumer = s.addConsumer(q, table, guards)
	w.archiver = s.addArchiver(q, bucket, emptied)
	w.publishing = s.addPublishing(table, bucket)

	a := s.addAPI()
	w.authorizer = s.addAuthorizerFunction()
	// Lambda refuses a function without its zip. The zip's name has CodeVersion and
	// Architecture, so a wrong one fails before anything holds data or is public.
	s.First(w.authorizer)
	authorizer := a.addAuthorizer(w.authorizer)
	for _, p := range o.Providers {
		secret := s.addSecret(p)
		processor := s.addProcessor(p, secret, bucket, q, a)
		a.addEndpoint(p, authorizer, processor)
		w.processors = append(w.processors, processor)
	}
	for _, p := range o.Retired {
		a.addRetiredEndpoint(p)
	}
	s.addReconciler(q, table, bucket, a)
	to := s.addTopics()
	s.addAlarms(w, to)
	s.addKeyAlarm(to.page)
	s.addDashboard(w)

	account := s.addAPIGatewayAccount(a.id)
	accessLog := s.addLogGroup(string(logGroupID(accessLogPrefix)), accessLogGroupName, nil)
	s.addKey()

	deployment, err := a.addDeployment()
	stage := a.addStage(deployment, accessLog, emptied, account)
	a.addDomain(stage)
	for _, id := range slices.Sorted(maps.Keys(o.Resources)) {
		s.Add(id, o.Resources[id])
	}
	return s.Template, err
}

// JSON returns the printed stack that o describes. The error wraps ErrOptions.
// For Resources that do not fit into the stack it also wraps the errors of
// package cfn.
func JSON(o Options) ([]byte, error) {
	t, err := Build(o)
	if err != nil {
		return nil, err
	}
	text, err := t.JSON()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	return text, nil
}

// list collects values that one resource must contain completely: the key's
// policy all log groups, the dashboard all alarms, the deployment all parts of
// the API. Adding a value after that resource was built is a mistake in Build's
// order, and panics.
type list[T any] struct {
	values []T
	closed bool
}

func (l *list[T]) add(value T) {
	if l.closed {
		panic(fmt.Sprintf("template: %v is added after the resource that lists it", value))
	}
	l.values = append(l.values, value)
}

// close returns all values. No further value can be added.
func (l *list[T]) close() []T {
	l.closed = true
	return l.values
}

// suppression names a rule of a static checker that a resource breaks on purpose.
// The checkers read suppressions from the resource's metadata. test/quality/static
// runs them without suppressions, and fails unless they report exactly the
// suppressed rules.
type suppression struct {
	// rule is a rule of checkov, such as CKV_AWS_18, or of cdk-nag, such as
	// AwsSolutions-S1. A finding in brackets limits a cdk-nag rule to that
	// finding: AwsSolutions-IAM5[Resource::*].
	rule   string
	reason string
}

// suppressed returns a resource's metadata with suppressions.
func suppressed(suppressions ...suppression) map[string]any {
	var checkov, nag []map[string]any
	for _, s := range suppressions {
		rule, finding, hasFinding := strings.Cut(strings.TrimSuffix(s.rule, "]"), "[")
		switch {
		case strings.HasPrefix(rule, "CKV"):
			checkov = append(checkov, map[string]any{"id": rule, "comment": s.reason})
		case hasFinding:
			nag = append(nag, map[string]any{"id": rule, "reason": s.reason, "applies_to": []string{finding}})
		default:
			nag = append(nag, map[string]any{"id": rule, "reason": s.reason})
		}
	}
	metadata := map[string]any{}
	if checkov != nil {
		metadata["checkov"] = map[string]any{"skip": checkov}
	}
	if nag != nil {
		metadata["cdk_nag"] = map[string]any{"rules_to_suppress": nag}
	}
	return metadata
}
