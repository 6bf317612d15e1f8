package contract

// Names of the function that compares the stored events with those that the providers
// list. The stack has it only if its parameter ReconcileEvery is not 0.
const (
	ReconcilerName   = "event-reconciler" // without the environment suffix
	ReconcilerBinary = "reconciler"
)

// Environment variables of the reconciler, beside those of the other functions.
// SecretARNVar has the secret of the API keys.
const (
	ReconcileEveryVar  = "RECONCILE_EVERY"  // hours between two comparisons
	ReconcileRefillVar = "RECONCILE_REFILL" // "true" or "false"
	EndpointURLsVar    = "ENDPOINT_URLS"    // "{provider}={URL of its webhooks},…"
)

// AnyProvider is the provider of the reconciler in SendersVar: its role may send the
// events of each provider, if event.OriginReconcile marks them.
const AnyProvider = "*"

// ReconciliationsPrefix holds the records of the reconciler in the bucket, below
// {provider}/{run}/.
const ReconciliationsPrefix = "reconciliations/"

// Metrics of the reconciler.
const (
	MetricListed       = "Listed"       // events of a finished comparison
	MetricRefilled     = "Refilled"     // missing events that a comparison got in
	MetricLost         = "Lost"         // missing events that the provider does not deliver by itself
	MetricUnreconciled = "Unreconciled" // 1 for a provider without a comparison that shows what arrived
)
