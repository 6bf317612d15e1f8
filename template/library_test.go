package template_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template"
	"github.com/paysluice/paysluice/template/cfn"
)

func ownProviders() ([]byte, error) {
	return template.JSON(template.Options{Providers: []contract.Provider{
		contract.Stripe(),
		{Name: "acme", Title: "Acme", Path: "acme"},
	}})
}

func ExampleOptions_providers() {
	stack := read(ownProviders())
	fmt.Println(stack.Outputs["AcmeUrl"] != nil, stack.Outputs["SquareUrl"] != nil)
	fmt.Println(stack.Resources["AcmeResource"].Properties["PathPart"])
	// Output:
	// true false
	// acme
}

func withoutSquare() ([]byte, error) {
	return template.JSON(template.Options{
		Providers: []contract.Provider{contract.Stripe(), contract.PayPal()},
		Retired:   []contract.Provider{contract.Square()},
	})
}

func ExampleOptions_retired() {
	stack := read(withoutSquare())
	fmt.Println(stack.Outputs["SquareUrl"] != nil)
	fmt.Println(stack.Resources["SquareMethod"].Properties["AuthorizationType"])
	// Output:
	// false
	// AWS_IAM
}

func moreMemoryAndTags() ([]byte, error) {
	return template.JSON(template.Options{
		MemoryMB: map[string]int{
			contract.ConsumerName:                     512,
			contract.ProcessorName(contract.PayPal()): 1024,
		},
		Tags: map[string]string{"team": "payments"},
	})
}

func ExampleOptions_memoryAndTags() {
	stack := read(moreMemoryAndTags())
	for _, id := range []string{"ConsumerFunction", "PayPalProcessorFunction"} {
		fmt.Println(stack.Resources[id].Properties["MemorySize"], stack.Resources[id].Properties["Tags"])
	}
	// Output:
	// 512 [map[Key:team Value:payments]]
	// 1024 [map[Key:team Value:payments]]
}

func ownAlarm() ([]byte, error) {
	return template.JSON(template.Options{
		Resources: map[string]cfn.Resource{"TableThrottles": &cloudwatch.Alarm{
			Namespace:          new("AWS/DynamoDB"),
			MetricName:         new("WriteThrottleEvents"),
			Dimensions:         []cloudwatch.Alarm_Dimension{{Name: "TableName", Value: cfn.Ref("EventsTable")}},
			Statistic:          new("Sum"),
			Period:             new(300),
			EvaluationPeriods:  1,
			ComparisonOperator: "GreaterThanThreshold",
			Threshold:          new(0.0),
			AlarmActions:       []string{cfn.Ref("TicketTopic")},
		}},
	})
}

func ExampleOptions_resources() {
	fmt.Println(read(ownAlarm()).Resources["TableThrottles"].Properties["AlarmActions"])
	// Output: [map[Ref:TicketTopic]]
}

func ownParameter() ([]byte, error) {
	stack, err := template.Build(template.Options{})
	if err != nil {
		return nil, err
	}
	reader := stack.Parameter("ReaderFunction", cfn.Parameter{
		Type:        "String",
		Description: "Name of the function that reads new events from the table's stream.",
	})
	stack.Add("ReaderMapping", &lambda.EventSourceMapping{
		EventSourceArn:   new(cfn.ID("EventsTable").Att("StreamArn")),
		FunctionName:     reader.Ref(),
		StartingPosition: new("TRIM_HORIZON"),
	})
	stack.Output("KeyArn", cfn.Output{Description: "ARN of the key.", Value: cfn.ID("Key").Att("Arn")})
	return stack.JSON()
}

func ExampleBuild() {
	stack := read(ownParameter())
	fmt.Println(stack.Resources["ReaderMapping"].Properties["FunctionName"], stack.Outputs["KeyArn"] != nil)
	// Output: map[Ref:ReaderFunction] true
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
	// template options: memory for "square-processor": not one of the functions webhook-authorizer, event-consumer, dlq-archiver, bucket-emptier, event-publisher, event-reconciler, stripe-processor
}

type printedStack struct {
	Resources map[string]struct{ Properties map[string]any }
	Outputs   map[string]any
}

func read(text []byte, err error) (s printedStack) {
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		fmt.Println(err)
	}
	return s
}

// The examples on the pages are the functions that run as examples here, and the
// program on the first page is compiled and run.
func TestPagesShowExamplesThatRun(t *testing.T) {
	for page, source := range map[string]string{
		"../docs/library.md":      "library_test.go",
		"../docs/template-kit.md": "cfn/example_test.go",
	} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		functions := functionsOf(t, source)
		blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(text, -1)
		require.NotEmpty(t, blocks, page)
		for _, block := range blocks {
			if code := string(block[1]); strings.HasPrefix(code, "package main\n") {
				runProgram(t, code)
			} else {
				assert.True(t, slices.Contains(functions, code), "%s: no function in %s has this text:\n%s", page, source, code)
			}
		}
	}
}

// functionsOf returns the text of each function of a Go file.
func functionsOf(t *testing.T, file string) (functions []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, text, 0)
	require.NoError(t, err)
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			functions = append(functions, string(text[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset])+"\n")
		}
	}
	return functions
}

// runProgram runs a program that must print a template.
func runProgram(t *testing.T, code string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
	printed, err := exec.Command("go", "run", file).Output()
	require.NoError(t, err, code)
	stack := read(printed, nil)
	assert.Contains(t, stack.Outputs, "StripeUrl")
}
