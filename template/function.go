package template

import (
	"cmp"
	"maps"
	"strconv"

	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// function is what tells one Lambda function from another.
type function struct {
	id          string // stem of its logical ids
	name        string // without the environment suffix
	binary      string
	description string

	memoryMB       int // CPU comes in proportion: one vCPU at 1,769 MB
	timeoutSeconds int

	environment map[string]string // beside what every function gets
	policy      []statement       // beside what every function may
	wildcards   []suppression     // for each resource with a wildcard in policy
}

// addFunction adds a function, its log group and its role, in this order: the
// function refers to both, so that CloudFormation makes them first and deletes
// them last, and no log group is left to Lambda to create.
func (s *stack) addFunction(f function) cfn.ID {
	logGroup := s.addLogGroup(string(logGroupID(f.id)), functionLogGroupName(f.name))
	r := newRole(named(functionRoleName(f.name)), "lambda.amazonaws.com", append([]statement{
		allow("WriteLog", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, logGroup.Att("Arn")),
		decryptEnvironment(f.name),
	}, f.policy...)...)
	r.AWSCloudFormationMetadata = suppressed(f.wildcards...)
	role := s.Add(f.id+"Role", r)

	memoryMB := cmp.Or(s.options.MemoryMB[f.name], f.memoryMB)
	environment := map[string]string{
		contract.EnvironmentVar: cfn.Ref(environmentSuffix),
		contract.LogLevelVar:    cfn.Ref(logLevel),
	}
	maps.Copy(environment, goRuntime(memoryMB))
	maps.Copy(environment, f.environment)

	return s.Add(f.id+"Function", &lambda.Function{
		FunctionName:  new(named(f.name)),
		Description:   new(f.description),
		Runtime:       new("provided.al2023"),
		Handler:       new("bootstrap"),
		Architectures: []string{cfn.Ref(architecture)},
		Code: &lambda.Function_Code{
			S3Bucket: new(cfn.Ref(codeBucket)),
			S3Key:    new(cfn.Sub("${" + codeVersion + "}/" + f.binary + ".zip")),
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
		AWSCloudFormationMetadata: suppressed(
			suppression{"CKV_AWS_115", "Reserved concurrency cannot be had in an account with a small quota. " +
				"What bounds the function is the API's throttle or its poller's MaximumConcurrency."},
			suppression{"CKV_AWS_116", "A function's own dead-letter queue is for callers that do not wait. " +
				"API Gateway, the queue pollers and CloudFormation do."},
			suppression{"CKV_AWS_117", "It calls public endpoints only; in a VPC it would need ways out and gain nothing."},
		),
	})
}

// memoryPerVCPU is the memory, in MB, with which a function has one vCPU (Lambda
// Developer Guide, "Configure Lambda function memory").
const memoryPerVCPU = 1769

// goRuntime is what Go's runtime reads from a function's environment. It sees
// the processors of the machine and not how little of them the function has.
func goRuntime(memoryMB int) map[string]string {
	vCPUs := (memoryMB + memoryPerVCPU - 1) / memoryPerVCPU
	return map[string]string{
		// More threads than vCPUs only wake each other up (docs/performance.md,
		// "What was done").
		"GOMAXPROCS": strconv.Itoa(vCPUs),
	}
}

const logRetentionDays = 30

// logGroupID is the log group of the function with that stem of logical ids.
func logGroupID(stem string) cfn.ID { return cfn.ID(stem + "LogGroup") }

// addLogGroup adds a log group and notes it for the key's policy, without
// which CloudWatch Logs could not use the key for it.
func (s *stack) addLogGroup(id, resourceType string) cfn.ID {
	s.logGroupARNs = append(s.logGroupARNs, namedARN("logs", "log-group:", resourceType))
	return s.Add(id, &logs.LogGroup{
		LogGroupName:    new(named(resourceType)),
		RetentionInDays: new(logRetentionDays),
		KmsKeyId:        new(keyARN()),

		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
	})
}
