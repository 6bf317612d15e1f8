package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrDeploy: CloudFormation refused the stack or a resource of it.
var ErrDeploy = errors.New("the stack was not deployed")

// inlineLimit is the size in bytes up to which aws cloudformation deploy sends
// a template along; a larger one goes through a bucket (CloudFormation quotas).
const inlineLimit = 51_200

// Deployment says what to deploy.
type Deployment struct {
	// Template is the file to deploy.
	Template string
	// Zips is the folder that BuildZips returned.
	Zips string
	// Suffix is the parameter EnvironmentSuffix, and names the stack.
	Suffix string
	// Parameters are further ones.
	Parameters map[string]string
}

// Deploy does what the README tells operators to do: upload the zips, then aws
// cloudformation deploy. It may be called again with another Template,
// CodeVersion or Parameters.
func (e *Endpoint) Deploy(ctx context.Context, d Deployment) (*Stack, error) {
	arch, err := architecture()
	if err != nil {
		return nil, err
	}
	template, err := os.Stat(d.Template)
	if err != nil {
		return nil, err
	}
	bucket := "code-" + d.Suffix
	if err := e.upload(ctx, bucket, d.Zips); err != nil {
		return nil, fmt.Errorf("upload the zips: %w", err)
	}

	parameters := map[string]string{
		"EnvironmentSuffix": d.Suffix,
		"CodeBucket":        bucket,
		"CodeVersion":       filepath.Base(d.Zips),
		"Architecture":      arch,
	}
	maps.Copy(parameters, d.Parameters)
	name := "paysluice-" + d.Suffix
	args := []string{
		"cloudformation", "deploy",
		"--template-file", d.Template,
		"--stack-name", name,
		"--capabilities", "CAPABILITY_NAMED_IAM",
		"--no-fail-on-empty-changeset",
	}
	if template.Size() > inlineLimit {
		args = append(args, "--s3-bucket", bucket)
	}
	args = append(args, "--parameter-overrides")
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		args = append(args, key+"="+parameters[key])
	}
	if _, err := e.AWS(ctx, args...); err != nil {
		return nil, e.deployError(ctx, name, err)
	}
	outputs, err := e.outputs(ctx, name)
	if err != nil {
		return nil, err
	}
	return &Stack{Endpoint: e, Name: name, Suffix: d.Suffix, Outputs: outputs}, nil
}

// upload checks that every zip is there, which the emulator does not: a
// function whose zip is missing answers 200 to everything there.
func (e *Endpoint) upload(ctx context.Context, bucket, zips string) error {
	if _, err := e.AWS(ctx, "s3api", "create-bucket", "--bucket", bucket); err != nil {
		return err
	}
	_, err := e.AWS(ctx, "s3", "cp", "--recursive", "--only-show-errors",
		zips, "s3://"+bucket+"/"+filepath.Base(zips))
	return err
}

func (e *Endpoint) outputs(ctx context.Context, stack string) (map[string]string, error) {
	var pairs []struct{ OutputKey, OutputValue string }
	err := e.query(ctx, &pairs, "cloudformation", "describe-stacks", "--stack-name", stack, "--query", "Stacks[0].Outputs")
	outputs := make(map[string]string, len(pairs))
	for _, p := range pairs {
		outputs[p.OutputKey] = p.OutputValue
	}
	return outputs, err
}

// query reads the JSON that an aws command prints.
func (e *Endpoint) query(ctx context.Context, into any, args ...string) error {
	out, err := e.AWS(ctx, args...)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// stackEvent is an event of a stack. They come newest first.
type stackEvent struct {
	LogicalResourceID    string `json:"LogicalResourceId"`
	ResourceType         string
	ResourceStatus       string
	ResourceStatusReason string
}

// deployError names the resource that failed first, the cause of all failures
// after it, if CloudFormation came so far.
func (e *Endpoint) deployError(ctx context.Context, stack string, deploy error) error {
	if ctx.Err() != nil {
		return deploy
	}
	var events []stackEvent
	err := e.query(ctx, &events, "cloudformation", "describe-stack-events", "--stack-name", stack, "--query", "StackEvents")
	if err == nil {
		if cause, ok := firstFailure(events); ok {
			return fmt.Errorf("%w: %s (%s): %s", ErrDeploy, cause.LogicalResourceID, cause.ResourceType, cause.ResourceStatusReason)
		}
	}
	return fmt.Errorf("%w: %w", ErrDeploy, deploy)
}

func firstFailure(newestFirst []stackEvent) (stackEvent, bool) {
	for _, event := range slices.Backward(newestFirst) {
		if strings.HasSuffix(event.ResourceStatus, "_FAILED") {
			return event, true
		}
	}
	return stackEvent{}, false
}
