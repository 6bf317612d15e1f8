package template

import "strings"

// suppression is a rule of a static checker that a resource breaks for a
// reason. Both stand in the resource's metadata, where the checker looks for
// them. A test runs the checkers without any suppression, and fails when what
// they find is not exactly what is suppressed.
type suppression struct {
	// rule is checkov's, such as CKV_AWS_18, or cdk-nag's, such as
	// AwsSolutions-S1. Where the latter finds several things in a resource,
	// the one that is meant follows in brackets: AwsSolutions-IAM5[Resource::*].
	rule, reason string
}

// suppressed is the metadata of a resource with suppressions.
func suppressed(suppressions ...suppression) map[string]any {
	var checkov, nag []map[string]any
	for _, s := range suppressions {
		rule, finding, hasFinding := strings.Cut(strings.TrimSuffix(s.rule, "]"), "[")
		switch {
		case strings.HasPrefix(rule, "CKV"):
			checkov = append(checkov, map[string]any{"id": rule, "comment": s.reason})
		case hasFinding:
			nag = append(nag, map[string]any{"id": rule, "reason": s.reason, "applies_to": []string{finding}})
		default:
			nag = append(nag, map[string]any{"id": rule, "reason": s.reason})
		}
	}
	metadata := map[string]any{}
	if checkov != nil {
		metadata["checkov"] = map[string]any{"skip": checkov}
	}
	if nag != nil {
		metadata["cdk_nag"] = map[string]any{"rules_to_suppress": nag}
	}
	return metadata
}
