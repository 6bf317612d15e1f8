package query

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// welcomeGroup is the log group that API Gateway creates (docs/deploying.md).
const welcomeGroup = "/aws/apigateway/welcome"

// Leftovers returns the arguments of the aws commands that remove what the stack leaves
// in the account: API Gateway's log group and the role for its logs, unless another
// application has set its own.
func Leftovers(ctx context.Context, m *Monitor) ([][]string, error) {
	config := m.Stack.AWS.Config
	account, err := apigateway.NewFromConfig(config).GetAccount(ctx, &apigateway.GetAccountInput{})
	if err != nil {
		return nil, err
	}
	roles, err := m.Physical(ctx, "AWS::IAM::Role")
	if err != nil {
		return nil, err
	}
	role := aws.ToString(account.CloudwatchRoleArn)
	if !slices.Contains(roles, role[strings.LastIndex(role, "/")+1:]) {
		return nil, nil
	}
	commands := [][]string{{"apigateway", "update-account", "--patch-operations", "op=replace,path=/cloudwatchRoleArn,value="}}
	groups, err := cloudwatchlogs.NewFromConfig(config).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: new(welcomeGroup)})
	if err == nil && len(groups.LogGroups) > 0 {
		commands = append(commands, []string{"logs", "delete-log-group", "--log-group-name", welcomeGroup})
	}
	return commands, err
}
