// Package stack finds a deployed paysluice stack and configures AWS clients for
// it. Its errors tell operators what to do.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Errors of Find.
var (
	// ErrNotFound reports that the region has no stack of that name, or none of
	// paysluice.
	ErrNotFound = errors.New("no such stack")
	// ErrForeign reports a stack of another application.
	ErrForeign = errors.New("no paysluice stack")
	// ErrAmbiguous reports that the region has several paysluice stacks.
	ErrAmbiguous = errors.New("several paysluice stacks")
)

// Stack is a deployed paysluice stack.
type Stack struct {
	Name        string // of the CloudFormation stack
	Description string // of its template
	ID          string // its ARN
	Status      string // of CloudFormation, such as UPDATE_COMPLETE
	// Protected reports whether termination protection is on.
	Protected  bool
	CreatedAt  time.Time
	UpdatedAt  time.Time // zero without an update
	Outputs    map[string]string
	Parameters map[string]string
	AWS        AWS
}

// Check returns ErrForeign for a stack of another application. A stack has no outputs until
// its first deployment ends.
func (s *Stack) Check() error {
	var ours bool
	switch table := s.Outputs["TableName"] != ""; {
	case s.Description == "":
		// CloudFormation knows no template of a new stack before it executes the change
		// set. The emulator describes no stack that a change set created.
		ours = s.Status == string(types.StackStatusReviewInProgress) || table && s.Suffix() != ""
	case strings.HasPrefix(s.Description, contract.StackDescription):
		ours = table || len(s.Outputs) == 0
	}
	if !ours {
		return fmt.Errorf("%w: %s is the stack of another application: choose another with --stack, or leave --stack out", ErrForeign, s.Name)
	}
	return nil
}

// Suffix returns the environment suffix of the stack's resources.
func (s *Stack) Suffix() string { return s.Parameters["EnvironmentSuffix"] }

// FunctionName returns the full name of a function, or of another resource, of
// package contract.
func (s *Stack) FunctionName(name string) string { return name + "-" + s.Suffix() }

// LogGroup returns the log group of a function of package contract.
func (s *Stack) LogGroup(function string) string { return "/aws/lambda/" + s.FunctionName(function) }

// WebhookURL returns the URL that receives a provider's webhooks. An emulator
// serves the API at a path of its own endpoint.
func (s *Stack) WebhookURL(p contract.Provider) (string, error) {
	output := s.Outputs[p.Title+"Url"]
	if s.AWS.Endpoint == "" {
		return output, nil
	}
	u, err := url.Parse(output)
	if err != nil {
		return "", fmt.Errorf("output %sUrl: %w", p.Title, err)
	}
	api, host, _ := strings.Cut(u.Host, ".")
	if !strings.HasPrefix(host, "execute-api.") {
		return output, nil
	}
	return strings.TrimSuffix(s.AWS.Endpoint, "/") + "/_aws/execute-api/" + api + u.Path, nil
}

// APIURL returns the URL of a provider's webhooks at the API's own host name, as AWS has
// it. The output is another URL if the stack has a domain.
func (s *Stack) APIURL(p contract.Provider) string {
	return p.APIURL(s.Outputs["ApiId"], s.AWS.Config.Region, "amazonaws.com")
}

// Find returns the stack of that name, or the only paysluice stack of the region
// if name is empty. The error is ErrNotFound or ErrAmbiguous, or that of AWS.
func Find(ctx context.Context, a AWS, name string) (*Stack, error) {
	client := cloudformation.NewFromConfig(a.Config)
	if name != "" {
		out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		if isMissing(err) || err == nil && len(out.Stacks) == 0 {
			return nil, fmt.Errorf("%w: %s has no stack %s: check --stack and --region, or leave --stack out to find it", ErrNotFound, a.Config.Region, name)
		}
		if err != nil {
			return nil, err
		}
		return newStack(out.Stacks[0], a), nil
	}
	var found []*Stack
	for pages := cloudformation.NewDescribeStacksPaginator(client, &cloudformation.DescribeStacksInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Stacks {
			if strings.HasPrefix(aws.ToString(s.Description), contract.StackDescription) && s.StackStatus != types.StackStatusDeleteComplete {
				found = append(found, newStack(s, a))
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("%w: %s has no paysluice stack: choose another --region or --profile, or deploy one (docs/deploying.md)", ErrNotFound, a.Config.Region)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, s := range found {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("%w in %s: choose one with --stack or PAYSLUICE_STACK: %s", ErrAmbiguous, a.Config.Region, strings.Join(names, ", "))
}

// isMissing reports whether CloudFormation has no stack of the requested name. It
// answers ValidationError, "Stack with id … does not exist".
func isMissing(err error) bool {
	failure, ok := errors.AsType[smithy.APIError](err)
	return ok && failure.ErrorCode() == "ValidationError" && strings.Contains(failure.ErrorMessage(), "does not exist")
}

func newStack(s types.Stack, a AWS) *Stack {
	found := &Stack{
		Name: aws.ToString(s.StackName), Description: aws.ToString(s.Description), ID: aws.ToString(s.StackId), Status: string(s.StackStatus),
		Protected: aws.ToBool(s.EnableTerminationProtection),
		CreatedAt: aws.ToTime(s.CreationTime), UpdatedAt: aws.ToTime(s.LastUpdatedTime),
		Outputs: map[string]string{}, Parameters: map[string]string{}, AWS: a,
	}
	for _, o := range s.Outputs {
		found.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, p := range s.Parameters {
		found.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return found
}
