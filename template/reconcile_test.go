package template

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
)

func reconcilingRequirements() []requirement {
	return []requirement{
		property("the reconciler knows what to compare, and the URLs of the providers whose lists are known", "ReconcilerFunction", "Environment.Variables",
			map[string]any{
				"ENVIRONMENT": "dev", "LOG_LEVEL": logLevel, "GOMAXPROCS": "1",
				"TABLE_NAME": "EventsTable", "BUCKET_NAME": "FailedWebhooks", "QUEUE_URL": "WebhookQueue", "SECRET_ARN": "ApiKeysSecret.Id",
				"ENDPOINT_URLS": "stripe=https://Api.execute-api.us-east-1.amazonaws.com/live/stripe," +
					"paypal=https://Api.execute-api.us-east-1.amazonaws.com/live/paypal,square=https://Api.execute-api.us-east-1.amazonaws.com/live/square",
				"RECONCILE_EVERY": "ReconcileEvery", "RECONCILE_REFILL": "ReconcileRefill", "EVENT_RETENTION_DAYS": eventRetentionDays,
			}),
		{
			says: "it is invoked every 15 minutes, and has ended before it is invoked again",
			holds: func(t require.TestingT, d document) {
				rule := d.Resources["ReconcilerSchedule"]
				assert.Equal(t, "rate(15 minutes)", rule.Properties["ScheduleExpression"])
				assert.Equal(t, "ReconcilerFunction.Arn", decode[string](t, rule, "Targets.0.Arn"))
				assert.Less(t, decode[int](t, d.Resources["ReconcilerFunction"], "Timeout"), 15*60)
				assert.Equal(t, 15*60, period(t, d.Resources["MissingAlarm"]), "each period has a value")
			},
			breaks: []mutation{
				set("ReconcilerSchedule.Properties.ScheduleExpression", "rate(1 day)"),
				set("ReconcilerSchedule.Properties.Targets.0.Arn", "EmptierFunction.Arn"),
				set("ReconcilerFunction.Properties.Timeout", 900),
				set("MissingAlarm.Properties.Period", 300),
			},
		},
	}
}

// The stage is nowhere until somebody turns it on.
func TestReconcileEveryDecidesWhatExists(t *testing.T) {
	text, err := JSON(Options{})
	require.NoError(t, err)
	var written struct {
		Conditions         map[string]any
		Resources, Outputs map[string]struct{ Condition string }
	}
	require.NoError(t, json.Unmarshal(text, &written))
	off := map[string]any{"Fn::Not": []any{map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "ReconcileEvery"}, "0"}}}}
	assert.Equal(t, off, written.Conditions["Reconciles"])
	assert.Equal(t, map[string]any{"Fn::And": []any{off, map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "ReconcileRefill"}, "true"}}}},
		written.Conditions["Refills"])
	var conditional []string
	for _, all := range []map[string]struct{ Condition string }{written.Resources, written.Outputs} {
		for id, r := range all {
			if r.Condition == "Reconciles" {
				conditional = append(conditional, id)
			}
			assert.True(t, r.Condition == "Reconciles" || !strings.HasPrefix(id, "Reconcile"), id)
		}
	}
	assert.ElementsMatch(t, []string{
		"ReconcilerFunction", "ReconcilerRole", "ReconcilerLogGroup", "ReconcilerSchedule", "ReconcilerPermission",
		"ApiKeysSecret", "ApiKeysSecretArn", "MissingAlarm", "UnreconciledAlarm",
	}, conditional)

	for _, row := range []struct {
		without                []string
		mentioned, sends, anew bool
	}{
		{[]string{"Reconciles", "Refills"}, false, false, false},
		{[]string{"Refills"}, true, false, false},
		{nil, true, true, true},
	} {
		d := fill(t, text, "dev", row.without...)
		rest, err := json.Marshal(map[string]any{"senders": d.Resources["ConsumerFunction"], "dashboard": d.Resources["Dashboard"]})
		require.NoError(t, err)
		assert.Equal(t, row.mentioned, strings.Contains(string(rest), "MissingAlarm"), row.without)
		assert.Equal(t, row.anew, strings.Contains(string(rest), "ReconcilerRole"), row.without)
		for _, grant := range []string{"sqs:SendMessage on WebhookQueue.Arn", "s3:PutObject on FailedWebhooks.Arn/oversize/*/square/*"} {
			assert.Equal(t, row.sends, strings.Contains(strings.Join(grantsOf(t, d.Resources["ReconcilerRole"]), "\n"), grant), row.without)
		}
	}
}

// Every number of hours is accepted up to the last that leaves no gap.
func TestReconcileEveryLeavesNoGap(t *testing.T) {
	p := build(t, Options{}, "dev").Parameters["ReconcileEvery"]
	for hours := range 1000 {
		assert.Equal(t, hours <= contract.MaxReconcileHours(), regexp.MustCompile(p.AllowedPattern).MatchString(strconv.Itoa(hours)), hours)
	}
	assert.Contains(t, p.ConstraintDescription, strconv.Itoa(contract.MaxReconcileHours()))
	assert.Contains(t, p.Description, "deletes that secret without recovery")
}

// A stack without a provider whose list is known has nothing to compare.
func TestNoListNoReconciler(t *testing.T) {
	d := build(t, Options{Providers: []contract.Provider{penumbra()}}, "dev")
	assert.NotContains(t, d.Parameters, "ReconcileEvery")
	for id := range d.Resources {
		assert.NotContains(t, id, "Reconcil")
	}
}
