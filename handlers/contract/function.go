package contract

// Names of the Lambda functions, without the environment suffix. A processor
// is named after its provider: ProcessorName.
const (
	AuthorizerName = "webhook-authorizer"
	ConsumerName   = "event-consumer"
	ArchiverName   = "dlq-archiver"
	EmptierName    = "bucket-emptier"
)

// ProcessorName is the function that takes one provider's webhooks.
func ProcessorName(p Provider) string { return p.Name + "-processor" }

// Binaries that the functions run: a folder of cmd/lambdas each, and the stem
// of the zip below {CodeVersion}/ in the code bucket.
const (
	AuthorizerBinary = "authorizer"
	ProcessorBinary  = "processor"
	ConsumerBinary   = "consumer"
	ArchiverBinary   = "archiver"
	EmptierBinary    = "emptier"
)

// Binaries are all binaries that the stack needs, sorted.
func Binaries() []string {
	return []string{ArchiverBinary, AuthorizerBinary, ConsumerBinary, EmptierBinary, ProcessorBinary}
}
