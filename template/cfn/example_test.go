package cfn_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"

	"github.com/paysluice/paysluice/template/cfn"
)

func Example() {
	t := cfn.New("A queue and its consumer.")
	suffix := t.Parameter("Suffix", cfn.Parameter{Type: "String", Default: ""})
	workers := t.Parameter("Workers", cfn.Parameter{Type: "Number", Default: 2})
	named := t.Condition("Named", cfn.Not(cfn.Equals(suffix.Ref(), "")))

	queue := t.Add("Queue", &sqs.Queue{
		QueueName:         new(cfn.If(named, cfn.Sub("events-${Suffix}"), cfn.NoValue())),
		VisibilityTimeout: new(300),
	})
	t.Add("Mapping", cfn.With{
		Resource: &lambda.EventSourceMapping{
			FunctionName:   "consumer",
			EventSourceArn: new(queue.Att("Arn")),
		},
		// goformation's field is an int, which holds no intrinsic.
		Set: map[string]any{"ScalingConfig.MaximumConcurrency": workers.Ref()},
	})
	t.Output("QueueUrl", cfn.Output{Value: queue.Ref()})

	out, err := t.JSON()
	fmt.Print(string(out), err)
	// Output:
	// {
	//  "AWSTemplateFormatVersion": "2010-09-09",
	//  "Description": "A queue and its consumer.",
	//  "Parameters": {
	//   "Suffix": {"Type": "String", "Default": ""},
	//   "Workers": {"Type": "Number", "Default": 2}
	//  },
	//  "Conditions": {
	//   "Named": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Suffix"}, ""]}]}
	//  },
	//  "Resources": {
	//   "Mapping": {
	//    "Type": "AWS::Lambda::EventSourceMapping",
	//    "Properties": {
	//     "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
	//     "FunctionName": "consumer",
	//     "ScalingConfig": {"MaximumConcurrency": {"Ref": "Workers"}}
	//    }
	//   },
	//   "Queue": {
	//    "Type": "AWS::SQS::Queue",
	//    "Properties": {
	//     "QueueName": {"Fn::If": ["Named", {"Fn::Sub": "events-${Suffix}"}, {"Ref": "AWS::NoValue"}]},
	//     "VisibilityTimeout": 300
	//    }
	//   }
	//  },
	//  "Outputs": {
	//   "QueueUrl": {"Value": {"Ref": "Queue"}}
	//  }
	// }
	// <nil>
}

func queueTemplate(name string) (string, error) {
	t := cfn.New("")
	t.Parameter("Suffix", cfn.Parameter{Type: "String"})
	t.Add("Queue", &sqs.Queue{QueueName: &name})
	text, err := t.JSON()
	return string(text), err
}

// The rows of the table in docs/template-kit.md.
func ExampleSub() {
	text, _ := queueTemplate(cfn.Sub("jobs-${Suffix}"))
	fmt.Println(strings.Contains(text, `{"QueueName": {"Fn::Sub": "jobs-${Suffix}"}}`))
	_, err := queueTemplate("jobs-" + cfn.Ref("Suffix"))
	fmt.Println(errors.Is(err, cfn.ErrToken))
	_, err = queueTemplate(cfn.Ref("Sufix"))
	fmt.Println(err)
	// Output:
	// true
	// true
	// Resources.Queue.Properties.QueueName.Ref: bad reference: there is no parameter and no resource "Sufix"
}
