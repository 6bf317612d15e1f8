package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

// account answers the calls of destroy by the operation or the path. An answer of "!"
// is a failure.
type account map[string]string

func (a account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	call := r.Header.Get("X-Amz-Target") + r.URL.String() + "&" + string(body)
	for name, answer := range a {
		if !strings.Contains(call, name) {
			continue
		}
		if answer == "!" {
			w.WriteHeader(http.StatusBadRequest)
			answer = ""
		}
		_, _ = io.WriteString(w, answer)
		return
	}
}

// The emulator has no protected table and no log group of API Gateway's own.
func TestDestroy(t *testing.T) {
	deployed := func(protection string, more ...string) string {
		return fmt.Sprintf(`<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>arn:s</StackId><Description>paysluice</Description>`+strings.Join(more, "")+`
<Outputs><member><OutputKey>QueueUrl</OutputKey><OutputValue>https://q</OutputValue></member><member><OutputKey>DeadLetterQueueUrl</OutputKey><OutputValue>https://d</OutputValue></member>
<member><OutputKey>BucketName</OutputKey><OutputValue>b</OutputValue></member><member><OutputKey>TableName</OutputKey><OutputValue>t</OutputValue></member>
<member><OutputKey>EventBusName</OutputKey><OutputValue>webhook-events-s</OutputValue></member></Outputs>
<Parameters><member><ParameterKey>DeletionProtection</ParameterKey><ParameterValue>%s</ParameterValue></member></Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, protection)
	}
	whole := account{
		"DescribeStacks":     deployed("false"),
		"DescribeTable":      `{"Table":{"ItemCount":12}}`,
		"GetQueueAttributes": `{"Attributes":{"ApproximateNumberOfMessages":"0","ApproximateNumberOfMessagesNotVisible":"0","ApproximateNumberOfMessagesDelayed":"0"}}`,
		"versions":           `<ListVersionsResult><Version><IsLatest>true</IsLatest></Version><Version><IsLatest>false</IsLatest></Version></ListVersionsResult>`,
		"/account":           `{"cloudwatchRoleArn":"arn:aws:iam::1:role/r"}`,
		"ListStackResources": `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member><ResourceType>AWS::IAM::Role</ResourceType><PhysicalResourceId>r</PhysicalResourceId></member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`,
		"DescribeLogGroups":  `{"logGroups":[{"logGroupName":"/aws/apigateway/welcome"}]}`,
	}
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "aws"), []byte("#!/bin/sh\nexit 1\n"), 0o755))
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "PATH": bin,
	} {
		t.Setenv(name, value)
	}
	input := "s\n"
	destroy := func(change, answer string, args ...string) (int, string, string) {
		changed := account{}
		for name, answer := range whole {
			changed[name] = answer
		}
		changed[change] = answer
		server := httptest.NewServer(changed)
		defer server.Close()
		t.Setenv("AWS_ENDPOINT_URL", server.URL)
		var stdout, stderr bytes.Buffer
		code := Run(t.Context(), append([]string{"destroy", "--stack", "s"}, args...), strings.NewReader(input), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	code, stdout, stderr := destroy("none", "", "--dry-run")
	assert.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "about 12 (the count is up to six hours old)")
	assert.Contains(t, stdout, "objects   1, and 1 older versions")
	const rules = "Subscribers must delete their rules on the bus webhook-events-s first"
	assert.Contains(t, stderr, rules)
	assert.Contains(t, stderr, "+ aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=\n+ aws logs delete-log-group --log-group-name /aws/apigateway/welcome\n")

	code, _, stderr = destroy("/account", `{"cloudwatchRoleArn":"arn:aws:iam::1:role/other"}`)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the aws command failed; its message is above: aws cloudformation delete-stack")
	assert.NotContains(t, stderr, "update-account", "another application has set its own role")

	_, _, stderr = destroy("DescribeStacks", strings.Replace(deployed("false"), "EventBusName", "Other", 1), "--dry-run")
	assert.NotContains(t, stderr, rules, "a stack without a bus")
	code, _, stderr = destroy("DescribeStacks", deployed("true"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the stack is protected: first run paysluice deploy --set DeletionProtection=false")
	code, _, stderr = destroy("DescribeStacks", deployed("false", "<EnableTerminationProtection>true</EnableTerminationProtection>"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the stack is protected: first run aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name s")
	input = "other\n"
	code, _, stderr = destroy("none", "")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "not confirmed: nothing was done")
	for name := range whole {
		code, _, _ = destroy(name, "!", "--yes")
		assert.Equal(t, exitFailed, code, name)
	}

	require.NoError(t, os.WriteFile(filepath.Join(bin, "aws"), []byte("#!/bin/sh\n"), 0o755))
	code, _, stderr = destroy("none", "", "--yes")
	assert.Equal(t, exitDone, code, stderr)

	// An interrupt reaches the aws command.
	require.NoError(t, os.WriteFile(filepath.Join(bin, "aws"), []byte("#!/bin/sh\necho runs\nexec /bin/sleep 60\n"), 0o755))
	server := httptest.NewServer(whole)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	log := &canceller{cancel: cancel, at: "runs"}
	assert.Equal(t, exitInterrupted, Run(ctx, []string{"destroy", "--stack", "s", "--yes"}, nil, io.Discard, log))
	assert.Contains(t, log.String(), "paysluice destroy: context canceled\n")
	assert.Equal(t, exitFailed, Run(t.Context(), []string{"destroy", "--stack", "s", "--yes"}, nil, broken{}, io.Discard))
}

// The emulator's part of this takes minutes: test/operator, TestDeployAndDestroy.
func TestDeploy(t *testing.T) {
	serveStack(t, plain, nil)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "aws"), "#!/bin/sh\necho \"ran $2\"\n")
	write(t, filepath.Join(dir, "stack.json"), `{"Parameters":{"LogLevel":{}}}`)
	for _, binary := range contract.Binaries() {
		write(t, filepath.Join(dir, "0a", zipName(binary, arm64)), "")
	}
	t.Setenv("PATH", dir)
	var stdout, stderr bytes.Buffer
	args := []string{"deploy", "--template", filepath.Join(dir, "stack.json"), "--out", dir, "--code-version", "0a", "--arch", "arm64", "--set", "LogLevel=DEBUG"}
	code := Run(t.Context(), args, nil, &stdout, &stderr)
	assert.Equal(t, exitDone, code, stderr.String())
	assert.Equal(t, "ran cp\nran deploy\nran describe-stacks\n", stdout.String())
	assert.Contains(t, stderr.String(), "LogLevel=DEBUG")
	assert.Contains(t, stderr.String(), "paysluice doctor checks the rest")

	const suffix = "<Parameters><member><ParameterKey>EnvironmentSuffix</ParameterKey><ParameterValue>prod</ParameterValue></member></Parameters>"
	for _, refused := range []struct{ member, says string }{
		{"<StackStatus>CREATE_COMPLETE</StackStatus>", "no paysluice stack: s is the stack of another application"},
		{"<Description>paysluice</Description>" + suffix, "the stack s has the suffix prod, not test: another suffix would replace its resources"},
	} {
		serveStack(t, plain, described(refused.member))
		stderr.Reset()
		assert.NotEqual(t, exitDone, Run(t.Context(), append(args, "--suffix", "test", "--bucket", "b", "--dry-run"), nil, io.Discard, &stderr))
		assert.Contains(t, stderr.String(), refused.says)
	}
}
