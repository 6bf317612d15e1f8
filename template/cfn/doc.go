// Package cfn builds CloudFormation templates of goformation's resources, with
// a check of everything that CloudFormation would otherwise find at deployment,
// or never.
//
// Resources are the structs of goformation's service packages, such as
// goformation/v7/cloudformation/sqs. This package stands in for goformation's
// root package, which links every AWS service, resolves intrinsics instead of
// keeping them, knows no Rules, and lets a misspelt reference pass.
//
// Intrinsics are tokens: strings that fit into any string field and that
// Template.JSON replaces. They are no text. A token that was glued to other
// text, cut or upper-cased is an error; Sub and Join put texts together:
//
//	QueueName: new("queue-" + cfn.Ref("EnvironmentSuffix"))   // an error
//	QueueName: new(cfn.Sub("queue-${EnvironmentSuffix}"))
//
// Intrinsics in fields of other types, and properties that goformation does not
// know, go through With. Intrinsics written out as maps, in a policy document
// say, are kept as they are and checked like the others.
//
// Template.JSON reports all problems at once, each with the path of the
// property, and prints the same bytes for the same template. Whether a
// resource's properties exist and have good values is left to cfn-lint, as is
// an unconditional reference to a conditional resource.
package cfn
