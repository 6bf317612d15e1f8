package functions

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template"
)

// Errors of Stack, by class.
var (
	// ErrNoFunction: the template has no function of that name.
	ErrNoFunction = errors.New("no such function in the template")
	// ErrUnknownVariable: the template sets a variable to something of the
	// stack that the harness has no stand-in for.
	ErrUnknownVariable = errors.New("a variable that refers to the stack, and that the load harness does not know")
)

// Suffix is the environment suffix of the stack that the harness stands in for.
const Suffix = "load"

// Ids of the account and of the REST API that the stack has there.
const (
	Account = "000000000000"
	API     = "load"
)

// Queues that the functions send to, and the ARN of the first, which the consumer
// reads.
const (
	QueueURL           = "https://sqs.us-east-1.amazonaws.com/" + Account + "/" + template.QueueName + "-" + Suffix
	DeadLetterQueueURL = "https://sqs.us-east-1.amazonaws.com/" + Account + "/" + template.DeadLetterQueueName + "-" + Suffix
	QueueARN           = "arn:aws:sqs:us-east-1:" + Account + ":" + template.QueueName + "-" + Suffix
)

// SecretARN is the provider's secret.
func SecretARN(p contract.Provider) string {
	return "arn:aws:secretsmanager:us-east-1:" + Account + ":secret:" + template.SecretName(p) + "-" + Suffix
}

// EndpointURL is where the provider sends its webhooks, which Square signs.
func EndpointURL(p contract.Provider) string {
	return "https://" + API + ".execute-api.us-east-1.amazonaws.com/live/" + p.Path
}

// Stack is what the harness needs of the committed template.
type Stack struct {
	Resources map[string]struct {
		Type       string
		Properties json.RawMessage
	}
}

type function struct {
	FunctionName struct {
		Sub string `json:"Fn::Sub"`
	}
	MemorySize  int
	Timeout     int // seconds
	Environment struct{ Variables map[string]any }
}

// ReadStack reads the template.
func ReadStack(path string) (Stack, error) {
	var s Stack
	text, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("the template: %w; write it with make template", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Variables are the environment variables that the template gives a function,
// sorted: literals as they stand, and what refers to the stack replaced. name
// is the function's in contract, without suffix.
func (s Stack) Variables(name string) ([]string, error) {
	f, err := s.function(name)
	if err != nil {
		return nil, err
	}
	provider := f.provider()
	references := map[string]string{
		contract.EnvironmentVar:        Suffix,
		contract.LogLevelVar:           "INFO",
		contract.RetentionDaysVar:      "0",
		contract.TableNameVar:          contract.TableName + "-" + Suffix,
		contract.QueueURLVar:           QueueURL,
		contract.DeadLetterQueueURLVar: DeadLetterQueueURL,
		contract.BucketNameVar:         template.BucketName + "-" + Account + "-" + Suffix,
		contract.SecretARNVar:          SecretARN(provider),
		contract.EndpointURLVar:        EndpointURL(provider),
	}
	var env []string
	for variable, value := range f.Environment.Variables {
		text, literal := value.(string)
		if !literal {
			known := false
			if text, known = references[variable]; !known {
				return nil, fmt.Errorf("%w: %s of %s", ErrUnknownVariable, variable, name)
			}
		}
		env = append(env, variable+"="+text)
	}
	slices.Sort(env)
	return append(env, service(name, f.MemorySize)...), nil
}

// Limits are the function's MemorySize, in MB, and its Timeout.
func (s Stack) Limits(name string) (memory int, timeout time.Duration, err error) {
	f, err := s.function(name)
	return f.MemorySize, time.Duration(f.Timeout) * time.Second, err
}

func (s Stack) function(name string) (function, error) {
	for _, r := range s.Resources {
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		var f function
		if err := json.Unmarshal(r.Properties, &f); err != nil {
			return f, err
		}
		if strings.HasPrefix(f.FunctionName.Sub, name+"-$") {
			return f, nil
		}
	}
	return function{}, fmt.Errorf("%w: %s", ErrNoFunction, name)
}

// provider is the one that a processor serves, none for other functions.
func (f function) provider() contract.Provider {
	for _, p := range contract.Providers() {
		if f.Environment.Variables[contract.ProviderVar] == p.Name {
			return p
		}
	}
	return contract.Provider{}
}

// service is what Lambda itself sets (Lambda Developer Guide, "Defined runtime
// environment variables", read 2026-11-26), credentials that no one takes for
// real ones among it.
func service(name string, memory int) []string {
	return []string{
		"_HANDLER=bootstrap",
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=ASIALOADLOADLOADLOAD",
		"AWS_SECRET_ACCESS_KEY=load",
		// A role's token is about this long, and is signed with every call.
		"AWS_SESSION_TOKEN=" + strings.Repeat("load", 240),
		"AWS_LAMBDA_FUNCTION_NAME=" + name + "-" + Suffix,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + name + "-" + Suffix,
		"AWS_LAMBDA_LOG_STREAM_NAME=load",
		"LAMBDA_TASK_ROOT=/var/task",
		"LAMBDA_RUNTIME_DIR=/var/runtime",
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"LANG=en_US.UTF-8",
		"TZ=:UTC",
	}
}
