package emulator

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSenderIsTheCredentials sends a message as the account, as a user and as a role.
func TestSenderIsTheCredentials(t *testing.T) {
	e := start(t)
	queue, err := sqs.NewFromConfig(e.Config()).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: new("sent")})
	require.NoError(t, err)
	users, policy := iam.NewFromConfig(e.Config()), new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	user, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: new("ann"), Path: new("/team/")})
	require.NoError(t, err)
	_, err = users.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: new("ann"), PolicyName: new("all"), PolicyDocument: policy})
	require.NoError(t, err)
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: new("ann")})
	require.NoError(t, err)
	role, err := users.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("worker"), Path: new("/team/"), AssumeRolePolicyDocument: new(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)})
	require.NoError(t, err)
	_, err = users.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("worker"), PolicyName: new("all"), PolicyDocument: policy})
	require.NoError(t, err)
	session, err := sts.NewFromConfig(e.Config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: new("shift-1")})
	require.NoError(t, err)

	account, ann, worker := e.Config(), e.Config(), e.Config()
	ann.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	worker.Credentials = credentials.NewStaticCredentialsProvider(
		*session.Credentials.AccessKeyId, *session.Credentials.SecretAccessKey, *session.Credentials.SessionToken)
	for body, client := range map[string]*sqs.Client{
		"000000000000": sqs.NewFromConfig(account), *user.User.UserId: sqs.NewFromConfig(ann), *role.Role.RoleId + ":shift-1": sqs.NewFromConfig(worker),
	} {
		_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: &body})
		require.NoError(t, err)
	}
	out, err := sqs.NewFromConfig(account).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"SenderId"},
	})
	require.NoError(t, err)
	require.Len(t, out.Messages, 3)
	for _, m := range out.Messages {
		assert.Equal(t, *m.Body, m.Attributes["SenderId"])
	}
	assert.Regexp(t, "^AIDA", *user.User.UserId)
	assert.Regexp(t, "^AROA", *role.Role.RoleId)
}

// TestLinesAreLogged with the invocation that wrote them, though the thread that reads them has
// not run yet, as on a loaded machine.
func TestLinesAreLogged(t *testing.T) {
	root := repository(t)
	tools, err := findTools(root)
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), tools.python, "-I", "-c", `
import queue, runpy, select, subprocess, sys
from ministack.core.lambda_runtime import ProvidedWorker

runpy.run_path(sys.argv[1])["log_all_lines"]()
worker = ProvidedWorker("f", {}, b"")
worker._stderr_queue = queue.Queue(2)
worker._proc = subprocess.Popen(["sh", "-c", "printf 'one\ntw'; read _; printf 'o\nthree\nfour\n'"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
select.select([worker._proc.stdout], [], [])
print([worker._drain_stderr_bounded()])
worker._proc.stdin.close()
worker._proc.wait()
print([worker._drain_stderr_bounded()])
worker._pump_output(worker._proc.stdout, worker._stderr_queue)  # it ends with the function
`, filepath.Join(root, "test", "emulator", "launch.py")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "['one']\n['two\\nthree']\n", string(out), "the queue holds two lines")
}

func TestFilterPatterns(t *testing.T) {
	logs := cloudwatchlogs.NewFromConfig(start(t).Config())
	_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("g")})
	require.NoError(t, err)
	_, err = logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new("s")})
	require.NoError(t, err)
	line := `{"level":"ERROR","n":2,"nested":{"n":2}}`
	_, err = logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s"), LogEvents: []types.InputLogEvent{
		{Message: &line, Timestamp: new(time.Now().UnixMilli())},
	}})
	require.NoError(t, err)
	for _, row := range []struct {
		pattern string
		found   int
		unknown string // the part that the error names
	}{
		{`"ERROR"`, 1, ""},
		{`{ $.level = "ERROR" && $.n >= 2 }`, 1, ""},
		{`{ $.level = "WARN" || $.n = 2.0 }`, 1, ""},
		{`{ $.n < -1 }`, 0, ""},
		{`{ $.n = "2" }`, 0, ""},
		{`{ $.nested > 1 }`, 0, ""},
		{`{ $.level = "ERROR" && $.nested.n = 2 }`, 0, `'$.nested.n = 2'`},
		{`{ $.level IS NULL || $.n = 2 }`, 0, `'$.level IS NULL'`},
		{`{ ($.n = 1.2.3) }`, 0, `'($.n = 1.2.3)'`},
		{`{ }`, 0, `''`},
		{`{ $.n = 2`, 0, `'{ $.n = 2'`},
	} {
		out, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("g"), FilterPattern: &row.pattern})
		if row.unknown == "" {
			require.NoError(t, err, row.pattern)
			assert.Len(t, out.Events, row.found, row.pattern)
			continue
		}
		var api smithy.APIError
		require.ErrorAs(t, err, &api, row.pattern)
		assert.Equal(t, "InvalidParameterException", api.ErrorCode(), row.pattern)
		assert.Contains(t, api.ErrorMessage(), "does not evaluate "+row.unknown+".", row.pattern)
	}
}

// TestNumbersOfParameters reads a mapping that was never polled, because it is disabled.
func TestNumbersOfParameters(t *testing.T) {
	e := start(t)
	_, err := cloudformation.NewFromConfig(e.Config()).CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: new("numbers"), TemplateBody: new(`{
		"Parameters": {"N": {"Type": "Number", "Default": 7}},
		"Resources": {
			"Queue": {"Type": "AWS::SQS::Queue"},
			"Function": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.12", "Handler": "index.f", "Code": {"ZipFile": "f = print"},
				"Role": "arn:aws:iam::000000000000:role/none"}},
			"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"Enabled": false, "FunctionName": {"Ref": "Function"},
				"EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "ScalingConfig": {"MaximumConcurrency": {"Ref": "N"}}}}
		}}`)})
	require.NoError(t, err)
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		out, err := lambda.NewFromConfig(e.Config()).ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{})
		require.NoError(c, err)
		require.Len(c, out.EventSourceMappings, 1)
		assert.EqualValues(c, 7, *out.EventSourceMappings[0].ScalingConfig.MaximumConcurrency)
	}, time.Minute, 100*time.Millisecond)
}
