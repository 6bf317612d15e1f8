package contract

import (
	"slices"
	"time"
)

// Names of the function that compares the stored events with those that the providers
// list. The stack has it only if its parameter ReconcileEvery is not 0.
const (
	ReconcilerName   = "event-reconciler" // without the environment suffix
	ReconcilerBinary = "reconciler"
)

// Times of the reconciler, from which MaxReconcileHours follows.
const (
	// ReconcileTick is how often it is invoked, and so how late a comparison can begin.
	ReconcileTick = 15 * time.Minute
	// ReconcileOverlap is how far a comparison reaches back into the one before, so that
	// nothing falls between two: events that were on the way then, and those that the
	// provider listed late.
	ReconcileOverlap = time.Hour
	// ReconcileReserve keeps a range off the end of what provider and table still have.
	ReconcileReserve = 2 * time.Hour
)

// MaxReconcileHours returns the most hours between two comparisons with which no retention of
// RetentionDays leaves hours that are never compared.
func MaxReconcileHours() int {
	kept := time.Duration(slices.Min(RetentionDays())) * 24 * time.Hour
	return int((kept - ReconcileReserve - ReconcileOverlap - ReconcileTick) / time.Hour)
}

// Environment variables of the reconciler, beside those of the other functions.
// SecretARNVar has the ARN of the secret with the API keys.
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
	MetricRefilled     = "Refilled"     // missing events that it sent to webhook-queue, or the provider again
	MetricLost         = "Lost"         // missing events that the provider does not deliver by itself
	MetricUnreconciled = "Unreconciled" // 1 for a provider with a reason of UnreconciledReasons, else 0
)

// Codes of the reasons for which a provider counts as not reconciled. The reconciler
// puts them into its ERROR lines, the lines of its metrics and its response.
const (
	UnreconciledKeysEmpty       = "keys_empty"
	UnreconciledKeysMalformed   = "keys_malformed"
	UnreconciledKeysUnreachable = "keys_unreachable"
	UnreconciledNoKey           = "no_key"
	UnreconciledKeyRefused      = "key_refused"
	UnreconciledNoEndpoint      = "endpoint_missing"
	UnreconciledAPIUnavailable  = "api_unavailable"
	UnreconciledFailed          = "failed"
	UnreconciledBehind          = "behind"
	UnreconciledNothingListed   = "nothing_listed"
	UnreconciledUnreadable      = "unreadable"
	UnreconciledRefillFailed    = "refill_failed"
	UnreconciledGap             = "gap"
)

// Unreconciled is a reason for which a provider counts as not reconciled.
type Unreconciled struct{ Code, Means string }

// UnreconciledReasons returns all reasons. The alarm's text and docs/reconciling.md list
// them.
func UnreconciledReasons() []Unreconciled {
	return []Unreconciled{
		{UnreconciledKeysEmpty, "the secret of the API keys is empty"},
		{UnreconciledKeysMalformed, "the secret is malformed"},
		{UnreconciledKeysUnreachable, "the secret cannot be read"},
		{UnreconciledNoKey, "the secret has neither a key of the provider nor null"},
		{UnreconciledKeyRefused, "the provider refuses the key"},
		{UnreconciledNoEndpoint, "no endpoint of the provider sends the account's events to the stack's URL"},
		{UnreconciledAPIUnavailable, "the provider's API fails"},
		{UnreconciledFailed, "another call fails"},
		{UnreconciledBehind, "comparisons do not keep up"},
		{UnreconciledNothingListed, "the provider lists nothing, and the table has events"},
		{UnreconciledUnreadable, "listed events are unreadable"},
		{UnreconciledRefillFailed, "a refill fails"},
		{UnreconciledGap, "a range can no longer be compared"},
	}
}
