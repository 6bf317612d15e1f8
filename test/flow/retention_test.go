package flow_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// TestChangedRetentionLeavesEarlierEventsAsTheyAre lowers EventRetentionDays and
// turns it off. MiniStack ignores lifecycle rules, so the test applies the template's
// rules, which no parameter changes, to the objects' keys.
func TestChangedRetentionLeavesEarlierEventsAsTheyAre(t *testing.T) {
	skipShort(t)
	d := deployment
	d.Suffix, d.Parameters = "retention", map[string]string{"ManageApiGatewayAccount": "false"}
	stripe, other := senders.Stripe(), (*emulator.Stack)(nil)
	secret, large := stripe.NewSecret(), strings.Repeat(" ", 200<<10)
	retentions := map[string]int{} // by event id
	var objects []string
	for _, days := range []int{30, 7, 0} {
		d.Parameters["EventRetentionDays"] = strconv.Itoa(days)
		other = deploy(t, d)
		require.NoError(t, other.PutSecret(t.Context(), stripe.Provider, stripe.Document(secret)))
		assert.Subset(t, versions(t, other), objects, "the update leaves the objects as they are")

		id := stripe.NewID()
		body := append(stripe.Body(id, 100, senders.Created), large...)
		require.Eventually(t, func() bool {
			status, _, err := other.Post(t.Context(), stripe.Provider, stripe.Header(body, secret, time.Now()), body)
			return err == nil && status == http.StatusOK
		}, waitTime, 500*time.Millisecond)
		retentions[stripe.EventID(id)] = days
		objects = versions(t, other)
	}
	var rows []event.Event
	require.Eventually(t, func() bool {
		var err error
		rows, err = other.Events(t.Context())
		return err == nil && len(rows) == len(retentions)
	}, waitTime, 100*time.Millisecond)
	rules := expiries(t)
	for _, row := range rows {
		days, received := retentions[row.ID], time.UnixMilli(row.ReceivedAt)
		rule, expires := rules[row.PayloadRef[:strings.Index(row.PayloadRef, "stripe/")]]
		if days == 0 {
			assert.Zero(t, row.ExpiresAt, "kept")
			assert.False(t, expires, row.PayloadRef)
			continue
		}
		assert.Equal(t, received.AddDate(0, 0, days).Unix(), row.ExpiresAt, "the retention at receipt")
		assert.Equal(t, days+7, rule, "%s outlives its row, and DynamoDB's delay", row.PayloadRef)
	}
}

// expiries returns the days of the template's rules for large bodies by prefix.
func expiries(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(deployment.Template)
	require.NoError(t, err)
	var template struct {
		Resources struct {
			FailedWebhooks struct {
				Properties struct {
					LifecycleConfiguration struct {
						Rules []struct {
							Prefix           string
							ExpirationInDays any // a token for the archive's
						}
					}
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &template))
	days := map[string]int{}
	for _, rule := range template.Resources.FailedWebhooks.Properties.LifecycleConfiguration.Rules {
		if strings.HasPrefix(rule.Prefix, contract.OversizePrefix) {
			days[rule.Prefix] = int(rule.ExpirationInDays.(float64))
		}
	}
	require.Len(t, days, len(contract.RetentionDays()))
	return days
}
