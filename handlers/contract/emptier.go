package contract

// OwnerTag is the tag of the bucket that says which stack it belongs to; its
// value is the stack's id.
const OwnerTag = "paysluice:stack"

// Properties of the custom resource that empties the bucket when the stack is
// deleted.
const (
	// EmptierBucketProperty is the bucket's name.
	EmptierBucketProperty = "BucketName"
	// EmptierOwnerProperty is the value that the bucket's OwnerTag must have.
	EmptierOwnerProperty = "Owner"
)
