package cfn_test

import (
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/awslabs/goformation/v7/cloudformation/tags"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/template/cfn"
)

func TestTagged(t *testing.T) {
	const team = `{"Key": "team", "Value": "pay"}`
	own := &sqs.Queue{Tags: []tags.Tag{{Key: "own", Value: cfn.Ref("P")}}}
	for name, row := range map[string]struct {
		resource cfn.Resource
		want     string // in the printed template
	}{
		"a resource without tags": {&sqs.Queue{}, `"Tags": [` + team + `]`},
		"behind the resource's own": {
			own, `"Tags": [{"Key": "own", "Value": {"Ref": "P"}}, ` + team + `]`,
		},
		"the resource's own of that key": {
			&sqs.Queue{Tags: []tags.Tag{{Key: "team", Value: "ledger"}}}, `"Tags": [{"Key": "team", "Value": "ledger"}]`,
		},
		"through a With": {
			cfn.With{Resource: own, Set: map[string]any{"DelaySeconds": cfn.Ref("P")}},
			`"Tags": [{"Key": "own", "Value": {"Ref": "P"}}, ` + team + `]`,
		},
		"a With that sets tags has the last word": {
			cfn.With{Resource: own, Set: map[string]any{"Tags": []any{}}}, `"Tags": []`,
		},
		"a resource that takes no tags": {
			&sqs.QueuePolicy{PolicyDocument: object{}, Queues: []string{"q"}}, `"Queues": ["q"]`,
		},
		"a custom resource": {cfn.Custom{Type: "Custom::X", Properties: object{"A": 1}}, `"Properties": {"A": 1}`},
	} {
		t.Run(name, func(t *testing.T) {
			tag := tags.Tag{Key: "team", Value: "pay"}
			text := printed(t, of(cfn.Tagged(row.resource, tag)))
			assert.Contains(t, text, row.want)
			assert.Equal(t, text, printed(t, of(cfn.Tagged(row.resource, tag))), "the resource itself did not change")
		})
	}
}

func TestTaggedWithNothingIsTheResource(t *testing.T) {
	q := queue("q")
	assert.Same(t, q, cfn.Tagged(q))
}

type notAStruct map[string]any

func (notAStruct) AWSCloudFormationType() string { return "Custom::Map" }

func TestTaggedLeavesWhatIsNoStruct(t *testing.T) {
	m := notAStruct{"Type": "Custom::Map"}
	assert.Equal(t, m, cfn.Tagged(m, tags.Tag{Key: "team", Value: "pay"}))
}
