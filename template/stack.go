// Package template builds paysluice's CloudFormation stack: an API that takes
// payment providers' webhooks, the functions that check and store them, and
// everything these need.
//
// Build returns the stack as a template that a caller may add to; JSON prints
// it. Each part of the stack has a file: its constructor adds resources and
// returns what others refer to.
package template

import "github.com/paysluice/paysluice/template/cfn"

// destroy is both policies of everything that holds data: deleting the stack
// deletes all of it.
const destroy = "Delete"

// stack is the template under construction.
type stack struct {
	*cfn.Template
	logGroupARNs []string // of all log groups so far, for the key's policy
}

// Build returns the stack that o describes. The error wraps ErrOptions.
func Build(o Options) (*cfn.Template, error) {
	providers, err := o.providers()
	if err != nil {
		return nil, err
	}
	s := &stack{Template: cfn.New("paysluice: payment providers' webhooks, verified, into DynamoDB")}
	s.addParameters()
	s.pinRegion()

	q := s.addQueues()
	table := s.addTable()
	s.addConsumer(q, table)

	a := s.addAPI()
	authorizer := s.addAuthorizerFunction()
	for _, p := range providers {
		secret := s.addSecret(p)
		processor := s.addProcessor(p, secret, q)
		a.addEndpoint(p, authorizer, processor)
		s.addProviderOutputs(p, a.id, secret)
	}
	s.addOutputs(a.id, q, table)

	account := s.addAPIGatewayAccount()
	accessLog := s.addLogGroup("AccessLogGroup", accessLogGroupName)
	s.addKey()

	deployment, err := a.addDeployment()
	a.addStage(deployment, accessLog, account)
	return s.Template, err
}

// JSON returns the stack that o describes as CloudFormation takes it. The error
// wraps ErrOptions.
func JSON(o Options) ([]byte, error) {
	t, err := Build(o)
	if err != nil {
		return nil, err
	}
	return t.JSON()
}
