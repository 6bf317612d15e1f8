package cfn

import "errors"

// What can be wrong with a template. Template.JSON joins errors that wrap these;
// tell them apart with errors.Is.
var (
	// ErrID: a logical id that is not 1 to 255 letters and digits.
	ErrID = errors.New("invalid logical id")
	// ErrDuplicate: an id declared twice; parameters and resources share one
	// set of ids, since a Ref may mean either.
	ErrDuplicate = errors.New("declared twice")
	// ErrReference: a Ref, Fn::GetAtt, Fn::Sub variable, condition or DependsOn
	// that points at nothing, or at something of the wrong kind.
	ErrReference = errors.New("bad reference")
	// ErrCycle: resources or conditions that depend on each other.
	ErrCycle = errors.New("dependency cycle")
	// ErrToken: an intrinsic that was glued to text, cut, changed or used as a
	// key.
	ErrToken = errors.New("broken intrinsic")
	// ErrFunction: a function that CloudFormation does not evaluate in this
	// place, or with arguments that it does not take.
	ErrFunction = errors.New("misused function")
	// ErrMissing: a required value that was left empty, or a null, which
	// CloudFormation refuses everywhere.
	ErrMissing = errors.New("missing value")
	// ErrPath: a path in With.Set that leads nowhere.
	ErrPath = errors.New("bad path")
	// ErrValue: a value that has no JSON, such as a function or a condition
	// without a name where a name is needed.
	ErrValue = errors.New("unusable value")
	// ErrResource: a Resource that cannot be printed, or not whole.
	ErrResource = errors.New("not a resource")
)
