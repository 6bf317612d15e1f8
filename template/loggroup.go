package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/template/cfn"
)

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
