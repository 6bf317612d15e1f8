package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// Stack is a deployed stack.
type Stack struct {
	*Endpoint
	Name    string // of the CloudFormation stack
	Suffix  string // the parameter EnvironmentSuffix
	Outputs map[string]string
}

// State returns the description of the stack that paysluice --local reads. paypal
// signs for the stack.
func (s *Stack) State(paypal local.PayPal) local.State {
	return local.State{
		URL: s.Endpoint.URL, Bundle: filepath.Join(s.Dir, bundleFile), KeyID: rootKeyID, Secret: rootSecret,
		Name: s.Name, Suffix: s.Suffix, Outputs: s.Outputs, PayPal: &paypal,
	}
}

// URL returns the URL at which the emulator receives the provider's webhooks.
// The host in the stack's output exists only on AWS.
func (s *Stack) URL(p contract.Provider) (string, error) {
	return invokeURL(s.Endpoint.URL, s.Outputs[p.Title+"Url"])
}

// invokeURL turns https://{api}.execute-api.{region}.amazonaws.com/{stage}/{path}
// into MiniStack's form of it.
func invokeURL(endpoint, output string) (string, error) {
	u, err := url.Parse(output)
	if err != nil {
		return "", err
	}
	api, host, _ := strings.Cut(u.Host, ".")
	if !strings.HasPrefix(host, "execute-api.") {
		return "", fmt.Errorf("the stack's output %q is not the URL of an API", output)
	}
	return endpoint + "/_aws/execute-api/" + api + u.Path, nil
}

// Post sends a webhook to the provider's URL.
func (s *Stack) Post(ctx context.Context, p contract.Provider, header http.Header, body []byte) (status int, answer []byte, err error) {
	to, err := s.URL(p)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header = header.Clone()
	response, err := s.HTTP.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// PutSecret replaces the provider's secret document.
func (s *Stack) PutSecret(ctx context.Context, p contract.Provider, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	_, err = secretsmanager.NewFromConfig(s.Config()).PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     new(s.Outputs[p.Title+"SecretArn"]),
		SecretString: new(string(text)),
	})
	return err
}

// Secret reads the provider's secret document.
func (s *Stack) Secret(ctx context.Context, p contract.Provider, document any) error {
	out, err := secretsmanager.NewFromConfig(s.Config()).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{
		SecretId: new(s.Outputs[p.Title+"SecretArn"]),
	})
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(aws.ToString(out.SecretString)), document)
}

// Events returns all rows of the table, unordered.
func (s *Stack) Events(ctx context.Context) ([]event.Event, error) {
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(s.Config()), &dynamodb.ScanInput{
		TableName:      new(s.Outputs["TableName"]),
		ConsistentRead: new(true),
	})
	var events []event.Event
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			e, err := table.FromItem(item)
			if err != nil {
				return nil, err
			}
			events = append(events, e)
		}
	}
	return events, nil
}

// Depth returns the number of messages in a queue, including delayed and
// in-flight ones. output is the stack output with the queue's URL.
func (s *Stack) Depth(ctx context.Context, output string) (int, error) {
	attributes := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	out, err := sqs.NewFromConfig(s.Config()).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       new(s.Outputs[output]),
		AttributeNames: attributes,
	})
	if err != nil {
		return 0, err
	}
	depth := 0
	for _, name := range attributes {
		n, err := strconv.Atoi(out.Attributes[string(name)])
		if err != nil {
			return 0, fmt.Errorf("attribute %s of %s: %w", name, output, err)
		}
		depth += n
	}
	return depth, nil
}

// Logs returns the lines that a function wrote and Lambda's START, END and
// REPORT lines, oldest first. function is its name in package contract.
func (s *Stack) Logs(ctx context.Context, function string) ([]string, error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(s.Config()), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: new("/aws/lambda/" + function + "-" + s.Suffix),
	})
	var lines []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			lines = append(lines, aws.ToString(e.Message))
		}
	}
	return lines, nil
}

// Logged reports whether a line of a function's log is JSON with this member.
func Logged(lines []string, name string, value any) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		var members map[string]any
		err := json.Unmarshal([]byte(line), &members)
		return err == nil && members[name] != nil && fmt.Sprint(members[name]) == fmt.Sprint(value)
	})
}

// AddVariables adds variables to those of a function. function is its name in package
// contract.
func (s *Stack) AddVariables(ctx context.Context, function string, more map[string]string) error {
	client, name := lambda.NewFromConfig(s.Config()), new(function+"-"+s.Suffix)
	configured, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name})
	if err != nil {
		return err
	}
	maps.Copy(configured.Environment.Variables, more)
	_, err = client.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: name, Environment: &lambdatypes.Environment{Variables: configured.Environment.Variables},
	})
	return err
}
