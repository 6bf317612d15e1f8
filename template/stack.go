// Package template builds paysluice's CloudFormation stack: an API that takes
// payment providers' webhooks, the functions that check and store them, and
// everything these need.
//
// JSON returns the stack as CloudFormation takes it. Build returns it as a
// template that a caller may add to. Options say how it differs from the shipped
// one, which is out/stack.json:
//
//	text, err := template.JSON(template.Options{
//		Providers: []contract.Provider{contract.Stripe()},
//		Tags:      map[string]string{"cost-centre": "payments"},
//	})
//
// Each part of the stack has a file: its constructor adds resources and returns
// what others refer to. Every resource states what becomes of it on deletion, if
// it holds anything: it goes with the stack.
package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/template/cfn"
)

// destroy is both policies of everything that holds data: deleting the stack
// deletes all of it.
const destroy = "Delete"

// stack is the template under construction.
type stack struct {
	*cfn.Template
	options      Options
	logGroupARNs []string // of all log groups so far, for the key's policy
	alarms       []cfn.ID // all so far, for the dashboard
}

// Add adds a resource, with the tags of the options.
func (s *stack) Add(id string, r cfn.Resource) cfn.ID {
	return s.Template.Add(id, cfn.Tagged(r, s.options.tags()...))
}

// Build returns the stack that o describes. The error wraps ErrOptions. Whether
// Resources fit in shows when the template is printed.
func Build(o Options) (*cfn.Template, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	s := &stack{
		Template: cfn.New("paysluice: payment providers' webhooks, verified, into DynamoDB"),
		options:  o,
	}
	s.addParameters()
	s.pinRegion()

	q := s.addQueues()
	table := s.addTable()
	bucket := s.addBucket(o.Providers)
	emptied := s.addEmptier(bucket)
	w := watched{queues: q, providers: o.Providers}
	w.consumer = s.addConsumer(q, table, emptied)
	w.archiver = s.addArchiver(q, bucket, emptied)

	a := s.addAPI()
	w.authorizer = s.addAuthorizerFunction()
	for _, p := range o.Providers {
		secret := s.addSecret(p)
		processor := s.addProcessor(p, secret, bucket, q, a.url(p))
		a.addEndpoint(p, w.authorizer, processor)
		s.addProviderOutputs(p, secret, a.url(p))
		w.processors = append(w.processors, processor)
	}
	s.addOutputs(a.id, q, table, bucket)
	to := s.addTopics()
	s.addTopicOutputs(to)
	s.addAlarms(w, to)
	s.addDashboard(w)

	account := s.addAPIGatewayAccount()
	accessLog := s.addLogGroup("AccessLogGroup", accessLogGroupName)
	s.addKey()

	deployment, err := a.addDeployment()
	stage := a.addStage(deployment, accessLog, emptied, account)
	a.addDomain(stage)
	for _, id := range slices.Sorted(maps.Keys(o.Resources)) {
		s.Add(id, o.Resources[id])
	}
	return s.Template, err
}

// JSON returns the stack that o describes as CloudFormation takes it. The error
// wraps ErrOptions, and for Resources that do not fit also what package cfn
// says of them.
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

// suppression is a rule of a static checker that a resource breaks for a
// reason. Both stand in the resource's metadata, where the checker looks for
// them. A test runs the checkers without any suppression, and fails when what
// they find is not exactly what is suppressed.
type suppression struct {
	// rule is checkov's, such as CKV_AWS_18, or cdk-nag's, such as
	// AwsSolutions-S1. Where the latter finds several things in a resource,
	// the one that is meant follows in brackets: AwsSolutions-IAM5[Resource::*].
	rule, reason string
}

// suppressed is the metadata of a resource with suppressions.
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
