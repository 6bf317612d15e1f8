package cfn

// place says what CloudFormation evaluates in one part of a template.
type place struct {
	name      string
	functions []string
	// operands is where the arguments of Fn::Equals and Fn::Contains stand.
	operands *place
	// resources: whether resources may be referred to. When rules, conditions
	// and exports are looked at, there are none yet.
	resources bool
}

// The functions are those of the template reference, pages "Intrinsic
// functions", "Condition functions" and "Rule functions"; Fn::Sub, Fn::Join,
// Fn::Select and Fn::Split in a condition are also in cfn-lint's schema of
// Fn::Equals. Fn::FindInMap would need a Mappings section, and Fn::Length,
// Fn::ToJsonString, Fn::ForEach and Fn::Transform a transform. Template has
// neither, so CloudFormation would refuse them.
var (
	literal = &place{name: "a place for literals"}

	property = &place{
		name: "a property",
		functions: []string{
			"Ref", "Fn::Base64", "Fn::Cidr", "Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::ImportValue",
			"Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub",
		},
		resources: true,
	}

	export = &place{name: "the name of an export", functions: property.functions}

	condition = &place{
		name:      "a condition",
		functions: []string{"Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"},
		operands: &place{
			name:      "an operand of a condition",
			functions: []string{"Ref", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"},
		},
	}

	rule = &place{
		name:      "a rule",
		functions: []string{"Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or"},
		operands:  &place{name: "an operand of a rule", functions: []string{"Ref"}},
	}
)

// pseudoParameters are what CloudFormation itself knows of a stack.
var pseudoParameters = []string{
	"AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition",
	"AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}
