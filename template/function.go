package template

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// function describes one Lambda function.
type function struct {
	id          string // prefix of its logical ids
	name        string // without the environment suffix
	binary      string
	description string

	when *cfn.Cond // condition of all its resources, or nil

	memoryMB       int // CPU is proportional: one vCPU at memoryPerVCPU
	timeoutSeconds int
	reserved       string // token for its reserved concurrency, or ""

	environment map[string]string // added to the variables of every function
	policy      []statement       // added to the statements of every function
	choices     []string          // tokens for statements under a condition
	wildcards   []suppression     // one for each wildcard resource in policy
}

// addFunction adds a function, its log group and its role. The function refers to
// both, so CloudFormation creates them before the function and deletes them after
// it, and Lambda never creates a log group itself.
func (s *stack) addFunction(f function) cfn.ID {
	logGroup := s.addLogGroup(string(logGroupID(f.id)), functionLogGroupName(f.name), f.when)
	statements := []any{
		allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, logGroup.Att("Arn")),
		decryptEnvironment(f.name),
	}
	for _, st := range f.policy {
		statements = append(statements, st)
	}
	for _, choice := range f.choices {
		statements = append(statements, choice)
	}
	r := s.newRole(named(functionRoleName(f.name)), "lambda.amazonaws.com")
	r.AWSCloudFormationMetadata = suppressed(f.wildcards...)
	r.AWSCloudFormationCondition = nameOf(f.when)
	role := s.Add(f.id+"Role", cfn.With{Resource: r, Set: map[string]any{
		"Policies.0.PolicyDocument.Statement": append(statements, s.trace()),
	}})

	memoryMB := cmp.Or(s.options.MemoryMB[f.name], f.memoryMB)
	environment := map[string]string{
		contract.EnvironmentVar: cfn.Ref(environmentSuffix),
		contract.LogLevelVar:    cfn.Ref(logLevel),
	}
	maps.Copy(environment, goRuntime(memoryMB))
	maps.Copy(environment, f.environment)

	const noDeadLetters = "A function's own dead-letter queue is for asynchronous invocations. " +
		"API Gateway, the event source mappings and CloudFormation handle a failed invocation, and a schedule invokes the reconciler again."
	suppressions := []suppression{
		{rule: "CKV_AWS_116", reason: noDeadLetters},
		{rule: "Serverless-LambdaDLQ", reason: noDeadLetters},
		{rule: "Serverless-LambdaTracing", reason: "The parameter Tracing turns it on."},
		{rule: "CKV_AWS_117", reason: "It calls public AWS and provider endpoints only. A VPC would add NAT or endpoints and protect nothing."},
	}
	set := map[string]any{}
	if f.reserved != "" {
		set["ReservedConcurrentExecutions"] = f.reserved
	} else {
		suppressions = append(suppressions, suppression{rule: "CKV_AWS_115", reason: "An account with a small quota has no reserved concurrency to give. " +
			"The event source mapping limits the function, CloudFormation invokes the emptier once, and a schedule the reconciler."})
	}
	if f.when != nil { // checkov looks only at what exists with the parameters' defaults
		suppressions = slices.DeleteFunc(suppressions, func(s suppression) bool { return strings.HasPrefix(s.rule, "CKV") })
	}
	return s.Add(f.id+"Function", cfn.With{Set: set, Resource: &lambda.Function{
		FunctionName:  new(named(f.name)),
		Description:   new(f.description),
		Runtime:       new("provided.al2023"),
		Handler:       new("bootstrap"),
		Architectures: []string{cfn.Ref(architecture)},
		Code: &lambda.Function_Code{
			S3Bucket: new(cfn.Ref(codeBucket)),
			S3Key:    new(cfn.Sub(variable(codeVersion) + "/" + f.binary + "-" + variable(architecture) + ".zip")),
		},
		Role:        role.Att("Arn"),
		MemorySize:  new(memoryMB),
		Timeout:     new(f.timeoutSeconds),
		KmsKeyArn:   new(keyARN()),
		Environment: &lambda.Function_Environment{Variables: environment},
		LoggingConfig: &lambda.Function_LoggingConfig{
			LogFormat:           new("JSON"),
			LogGroup:            new(logGroup.Ref()),
			ApplicationLogLevel: new(cfn.Ref(logLevel)),
		},
		TracingConfig: &lambda.Function_TracingConfig{
			Mode: new(cfn.If(s.traced, "Active", "PassThrough")),
		},
		AWSCloudFormationMetadata:  suppressed(suppressions...),
		AWSCloudFormationCondition: nameOf(f.when),
	}})
}

// logGroupID returns the logical id of the log group of the function with that
// prefix.
func logGroupID(function string) cfn.ID { return cfn.ID(function + "LogGroup") }

// addLogGroup adds a log group, and lists it for the key's policy, without which
// CloudWatch Logs could not use the key. when is its condition, or nil.
func (s *stack) addLogGroup(id, name string, when *cfn.Cond) cfn.ID {
	s.logGroupARNs.add(namedARN("logs", "log-group:", name))
	return s.Add(id, cfn.With{Set: map[string]any{"RetentionInDays": cfn.Ref(logRetentionDays)}, Resource: &logs.LogGroup{
		LogGroupName: new(named(name)),
		KmsKeyId:     new(keyARN()),

		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
		AWSCloudFormationCondition:           nameOf(when),
	}})
}

// memoryPerVCPU is the memory, in MB, at which a function has one vCPU (Lambda
// Developer Guide, "Configure Lambda function memory").
const memoryPerVCPU = 1769

// goRuntime returns the environment variables for Go's runtime, which sees the
// processors of the host rather than the function's share of them.
func goRuntime(memoryMB int) map[string]string {
	vCPUs := (memoryMB + memoryPerVCPU - 1) / memoryPerVCPU
	return map[string]string{
		// More threads than vCPUs would only compete for them.
		"GOMAXPROCS": strconv.Itoa(vCPUs),
	}
}
