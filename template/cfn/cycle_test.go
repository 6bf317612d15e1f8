package cfn_test

import (
	"testing"

	"github.com/awslabs/goformation/v7/cloudformation/sqs"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/template/cfn"
)

func TestCycles(t *testing.T) {
	policy := func(v any) *sqs.Queue { return &sqs.Queue{RedrivePolicy: v} }
	tests := []struct {
		why       string
		resources map[string]*sqs.Queue
		want      []string
	}{
		{
			why:       "a resource that needs itself",
			resources: map[string]*sqs.Queue{"A": policy(cfn.ID("A").Att("Arn"))},
			want:      []string{"Resources.A: dependency cycle: A -> A, by Resources.A.Properties.RedrivePolicy.Fn::GetAtt"},
		},
		{
			why: "of several properties the first is named",
			resources: map[string]*sqs.Queue{
				"A": {KmsMasterKeyId: new(cfn.Ref("A")), QueueName: new(cfn.Ref("A"))},
			},
			want: []string{"Resources.A: dependency cycle: A -> A, by Resources.A.Properties.KmsMasterKeyId.Ref"},
		},
		{
			why: "a cycle of every kind of dependency",
			resources: map[string]*sqs.Queue{
				"A": policy(cfn.Ref("B")),
				"B": policy(cfn.ID("C").Att("Arn")),
				"C": policy(cfn.Sub("${D.Arn}")),
				"D": {AWSCloudFormationDependsOn: []string{"A"}},
			},
			want: []string{"Resources.A: dependency cycle: A -> B -> C -> D -> A, by " +
				"Resources.A.Properties.RedrivePolicy.Ref, " +
				"Resources.B.Properties.RedrivePolicy.Fn::GetAtt, " +
				"Resources.C.Properties.RedrivePolicy.Fn::Sub, " +
				"Resources.D.DependsOn.0"},
		},
		{
			why: "two cycles, without the one that leads to them",
			resources: map[string]*sqs.Queue{
				"A": policy([]string{cfn.Ref("B"), cfn.Ref("D")}),
				"B": policy(cfn.Ref("C")), "C": policy(cfn.Ref("B")),
				"D": policy(cfn.Ref("E")), "E": policy(cfn.Ref("D")),
			},
			want: []string{
				"Resources.B: dependency cycle: B -> C -> B, by " +
					"Resources.B.Properties.RedrivePolicy.Ref, Resources.C.Properties.RedrivePolicy.Ref",
				"Resources.D: dependency cycle: D -> E -> D, by " +
					"Resources.D.Properties.RedrivePolicy.Ref, Resources.E.Properties.RedrivePolicy.Ref",
			},
		},
		{
			why: "two ways to one resource are none",
			resources: map[string]*sqs.Queue{
				"A": policy([]string{cfn.Ref("B"), cfn.Ref("C"), cfn.Ref("C")}),
				"B": policy(cfn.Ref("C")),
				"C": policy("end"),
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			template := cfn.New("")
			for id, r := range tt.resources {
				template.Add(id, r)
			}
			_, err := template.JSON()
			assertProblems(t, err, cfn.ErrCycle, tt.want)
		})
	}
	t.Run("conditions", func(t *testing.T) {
		template := cfn.New("")
		template.Condition("A", cfn.Not(named("B")))
		template.Condition("B", cfn.Not(named("A")))
		_, err := template.JSON()
		assertProblems(t, err, cfn.ErrCycle, []string{
			"Conditions.A: dependency cycle: A -> B -> A, by Conditions.A.Fn::Not.0.Condition, Conditions.B.Fn::Not.0.Condition",
		})
	})
	t.Run("an output of the name of what it shows is none", func(t *testing.T) {
		template := of(queue("q"))
		template.Output("R", cfn.Output{Value: cfn.Ref("R")})
		printed(t, template)
	})
}

// assertProblems asserts that err joins errors of one class with these texts.
func assertProblems(t *testing.T, err error, class error, want []string) {
	t.Helper()
	var got []string
	for _, problem := range problems(err) {
		assert.ErrorIs(t, problem, class)
		got = append(got, problem.Error())
	}
	assert.Equal(t, want, got)
}
