package template_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template"
	"github.com/paysluice/paysluice/template/cfn"
)

func Example() {
	text, err := template.JSON(template.Options{})
	fmt.Println(json.Valid(text), err)
	// Output: true <nil>
}

// A stack for one provider only has its endpoint only.
func ExampleOptions_providers() {
	text, err := template.JSON(template.Options{Providers: []contract.Provider{contract.Square()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var stack struct{ Outputs map[string]any }
	err = json.Unmarshal(text, &stack)
	_, stripe := stack.Outputs["StripeUrl"]
	_, square := stack.Outputs["SquareUrl"]
	fmt.Println(stripe, square, err)
	// Output: false true <nil>
}

// More memory, tags, and an alarm of one's own, which refers to the stack's
// table and topic.
func ExampleOptions_resources() {
	text, err := template.JSON(template.Options{
		MemoryMB: map[string]int{contract.ConsumerName: 512},
		Tags:     map[string]string{"team": "payments"},
		Resources: map[string]cfn.Resource{"TableThrottles": &cloudwatch.Alarm{
			AlarmActions:       []string{cfn.Ref("TicketTopic")},
			ComparisonOperator: "GreaterThanThreshold",
			Dimensions:         []cloudwatch.Alarm_Dimension{{Name: "TableName", Value: cfn.Ref("EventsTable")}},
			EvaluationPeriods:  1,
			MetricName:         new("WriteThrottleEvents"),
			Namespace:          new("AWS/DynamoDB"),
			Period:             new(300),
			Statistic:          new("Sum"),
			Threshold:          new(0.0),
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var stack struct {
		Resources map[string]struct{ Properties map[string]any }
	}
	err = json.Unmarshal(text, &stack)
	fmt.Println(stack.Resources["ConsumerFunction"].Properties["MemorySize"])
	fmt.Println(stack.Resources["TableThrottles"].Properties["Tags"], err)
	// Output:
	// 512
	// [map[Key:team Value:payments]] <nil>
}

// Build returns the stack before it is printed.
func ExampleBuild() {
	stack, err := template.Build(template.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	stack.Output("KeyArn", cfn.Output{Value: cfn.ID("Key").Att("Arn")})
	text, err := stack.JSON()
	if err != nil {
		fmt.Println(err)
		return
	}
	var printed struct{ Outputs map[string]any }
	err = json.Unmarshal(text, &printed)
	fmt.Println(slices.Contains(slices.Collect(maps.Keys(printed.Outputs)), "KeyArn"), err)
	// Output: true <nil>
}

func ExampleOptions_contradictory() {
	_, err := template.JSON(template.Options{
		Providers: []contract.Provider{contract.Stripe()},
		MemoryMB:  map[string]int{contract.ProcessorName(contract.Square()): 512},
	})
	fmt.Println(errors.Is(err, template.ErrOptions))
	fmt.Println(err)
	// Output:
	// true
	// template options: memory for "square-processor": not one of the functions webhook-authorizer, event-consumer, dlq-archiver, bucket-emptier, stripe-processor
}
