package emulator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// ErrDeploy reports that CloudFormation rejected the stack or one of its
// resources.
var ErrDeploy = errors.New("the stack was not deployed")

const (
	deployTimeout = 2 * time.Minute
	pollInterval  = 200 * time.Millisecond
)

// Deployment says what to deploy.
type Deployment struct {
	// Template is the template's file.
	Template string
	// Zips is the folder that BuildZips returned.
	Zips string
	// Suffix is the parameter EnvironmentSuffix; it also names the stack.
	Suffix string
	// Parameters are added to EnvironmentSuffix, CodeBucket, CodeVersion,
	// Architecture and ManageApiGatewayAccount, or replace them. An update keeps the value of a parameter that is not given.
	Parameters map[string]string
}

func (d Deployment) stackName() string  { return "paysluice-" + d.Suffix }
func (d Deployment) codeBucket() string { return "code-" + d.Suffix }

func (d Deployment) parameters() (map[string]string, error) {
	arch, err := architecture()
	if err != nil {
		return nil, err
	}
	parameters := map[string]string{
		"EnvironmentSuffix": d.Suffix,
		"CodeBucket":        d.codeBucket(),
		"CodeVersion":       filepath.Base(d.Zips),
		"Architecture":      arch,

		"ManageApiGatewayAccount": "true",
	}
	maps.Copy(parameters, d.Parameters)
	return parameters, nil
}

// Deploy creates or updates the stack with the AWS SDK. It does what
// DeployWithCLI does and returns as soon as the emulator is done.
func (e *Endpoint) Deploy(ctx context.Context, d Deployment) (*Stack, error) {
	parameters, err := d.parameters()
	if err != nil {
		return nil, err
	}
	// A large template must come from a bucket (CloudFormation quotas).
	templateURL, err := e.upload(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("upload the zips and the template: %w", err)
	}
	stack := &Stack{Endpoint: e, Name: d.stackName(), Suffix: d.Suffix}
	if err := stack.Put(ctx, templateURL, parameters); err != nil {
		return nil, stack.deployError(ctx, err)
	}
	return stack, stack.readOutputs(ctx)
}

// upload puts the zips and the template into the stack's code bucket, which it
// creates if necessary, and returns the template's URL. A folder without zips
// is an error: MiniStack accepts functions whose zip is missing.
func (e *Endpoint) upload(ctx context.Context, d Deployment) (templateURL string, err error) {
	client := s3.NewFromConfig(e.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: new(d.codeBucket())}); err != nil {
		return "", err
	}
	zips, _ := filepath.Glob(filepath.Join(d.Zips, "*.zip"))
	if len(zips) == 0 {
		return "", fmt.Errorf("%w: no zips in %s", fs.ErrNotExist, d.Zips)
	}
	objects := map[string]string{"template.json": d.Template}
	for _, zip := range zips {
		objects[filepath.Base(d.Zips)+"/"+filepath.Base(zip)] = zip
	}
	for key, path := range objects {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: new(d.codeBucket()), Key: new(key), Body: file})
		file.Close()
		if err != nil {
			return "", err
		}
	}
	return e.URL + "/" + d.codeBucket() + "/template.json", nil
}

// Put creates the stack, or updates it if it exists, and waits for the end.
func (s *Stack) Put(ctx context.Context, templateURL string, parameters map[string]string) error {
	client := cloudformation.NewFromConfig(s.Config())
	capabilities := []types.Capability{types.CapabilityCapabilityNamedIam}
	var given []types.Parameter
	for key, value := range parameters {
		given = append(given, types.Parameter{ParameterKey: new(key), ParameterValue: new(value)})
	}
	named := &cloudformation.DescribeStacksInput{StackName: new(s.Name)}
	existing, err := s.describe(ctx)
	if errors.Is(err, errNoStack) {
		_, err = client.CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: new(s.Name), TemplateURL: new(templateURL), Capabilities: capabilities, Parameters: given,
		})
		if err != nil {
			return err
		}
		return cloudformation.NewStackCreateCompleteWaiter(client, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
			o.MinDelay, o.MaxDelay = pollInterval, pollInterval
		}).Wait(ctx, named, deployTimeout)
	}
	for _, p := range existing.Parameters {
		if _, ok := parameters[*p.ParameterKey]; !ok {
			given = append(given, types.Parameter{ParameterKey: p.ParameterKey, UsePreviousValue: new(true)})
		}
	}
	if err == nil {
		_, err = client.UpdateStack(ctx, &cloudformation.UpdateStackInput{
			StackName: new(s.Name), TemplateURL: new(templateURL), Capabilities: capabilities, Parameters: given,
		})
	}
	if err != nil {
		return err
	}
	return cloudformation.NewStackUpdateCompleteWaiter(client, func(o *cloudformation.StackUpdateCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollInterval, pollInterval
	}).Wait(ctx, named, deployTimeout)
}

// StartDelete begins to delete the stack.
func (s *Stack) StartDelete(ctx context.Context) error {
	_, err := cloudformation.NewFromConfig(s.Config()).DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: new(s.Name)})
	return err
}

// AwaitDelete waits until the stack is deleted.
func (s *Stack) AwaitDelete(ctx context.Context) error {
	err := cloudformation.NewStackDeleteCompleteWaiter(cloudformation.NewFromConfig(s.Config()), func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollInterval, pollInterval
	}).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: new(s.Name)}, deployTimeout)
	if err != nil {
		return s.deployError(ctx, err)
	}
	return nil
}

var errNoStack = errors.New("there is no such stack")

// describe returns the stack's state. The error is errNoStack when it does not
// exist.
func (s *Stack) describe(ctx context.Context) (types.Stack, error) {
	out, err := cloudformation.NewFromConfig(s.Config()).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: new(s.Name)})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		return types.Stack{}, fmt.Errorf("%w: %w", errNoStack, err)
	}
	if err != nil {
		return types.Stack{}, err
	}
	return out.Stacks[0], nil
}

func (s *Stack) readOutputs(ctx context.Context) error {
	stack, err := s.describe(ctx)
	s.Outputs = map[string]string{}
	for _, o := range stack.Outputs {
		s.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return err
}

// deployError returns an ErrDeploy that names the resource that failed first,
// which caused all later failures, or cause if no resource failed.
func (s *Stack) deployError(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	out, err := cloudformation.NewFromConfig(s.Config()).DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: new(s.Name)})
	if err == nil {
		if failed, ok := firstFailure(out.StackEvents); ok {
			return fmt.Errorf("%w: %s (%s): %s", ErrDeploy,
				aws.ToString(failed.LogicalResourceId), aws.ToString(failed.ResourceType), aws.ToString(failed.ResourceStatusReason))
		}
	}
	return fmt.Errorf("%w: %w", ErrDeploy, cause)
}

func firstFailure(newestFirst []types.StackEvent) (types.StackEvent, bool) {
	for _, event := range slices.Backward(newestFirst) {
		if strings.HasSuffix(string(event.ResourceStatus), "_FAILED") {
			return event, true
		}
	}
	return types.StackEvent{}, false
}

// DeployWithCLI deploys with the commands that docs/deploying.md gives to
// operators. aws cloudformation deploy polls every 30 seconds.
func (e *Endpoint) DeployWithCLI(ctx context.Context, d Deployment) (*Stack, error) {
	parameters, err := d.parameters()
	if err != nil {
		return nil, err
	}
	if _, err := e.AWS(ctx, "s3api", "create-bucket", "--bucket", d.codeBucket()); err != nil {
		return nil, err
	}
	if _, err := e.AWS(ctx, "s3", "cp", "--recursive", "--only-show-errors",
		d.Zips, "s3://"+d.codeBucket()+"/"+filepath.Base(d.Zips)); err != nil {
		return nil, fmt.Errorf("upload the zips: %w", err)
	}
	stack := &Stack{Endpoint: e, Name: d.stackName(), Suffix: d.Suffix}
	args := []string{
		"cloudformation", "deploy",
		"--template-file", d.Template,
		"--s3-bucket", d.codeBucket(),
		"--stack-name", stack.Name,
		"--capabilities", "CAPABILITY_NAMED_IAM",
		"--no-fail-on-empty-changeset",
		"--parameter-overrides",
	}
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		args = append(args, key+"="+parameters[key])
	}
	if _, err := e.AWS(ctx, args...); err != nil {
		return nil, stack.deployError(ctx, err)
	}
	return stack, stack.readOutputs(ctx)
}
