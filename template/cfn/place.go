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
func literal() *place { return &place{name: "a place for literals"} }

func property() *place {
	return &place{
		name: "a property",
		functions: []string{
			"Ref", "Fn::Base64", "Fn::Cidr", "Fn::GetAtt", "Fn::GetAZs", "Fn::If", "Fn::ImportValue",
			"Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub",
		},
		resources: true,
	}
}

func export() *place {
	return &place{name: "the name of an export", functions: property().functions}
}

func condition() *place {
	return &place{
		name:      "a condition",
		functions: []string{"Condition", "Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"},
		operands: &place{
			name:      "an operand of a condition",
			functions: []string{"Ref", "Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"},
		},
	}
}

func rule() *place {
	return &place{
		name:      "a rule",
		functions: []string{"Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or"},
		operands:  &place{name: "an operand of a rule", functions: []string{"Ref"}},
	}
}

// isPseudoParameter reports whether CloudFormation itself knows the name.
func isPseudoParameter(name string) bool {
	switch name {
	case "AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition",
		"AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix":
		return true
	}
	return false
}
