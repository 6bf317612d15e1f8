package cfn_test

import (
	"fmt"

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

func ExampleTemplate_JSON_problems() {
	t := cfn.New("")
	t.Add("Queue", &sqs.Queue{
		QueueName:      new("events-" + cfn.Ref("Suffix")),
		KmsMasterKeyId: new(cfn.Ref("Key")),
	})

	_, err := t.JSON()
	fmt.Println(err)
	// Output:
	// Resources.Queue.Properties.KmsMasterKeyId.Ref: bad reference: there is no parameter and no resource "Key"
	// Resources.Queue.Properties.QueueName: broken intrinsic: an intrinsic was concatenated with text, cut or changed; use Sub or Join: `events-{"Ref": "Suffix"}`
}
