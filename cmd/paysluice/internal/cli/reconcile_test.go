package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/handlers/reconcile"
)

func TestPrintReconciliation(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	counts := reconcile.Counts{Listed: 9, Stored: 5, Archived: 1, OnTheWay: 1, Missing: 2, StillRetried: 1, Unknown: 1}
	result := reconciliationResult{
		Provider: "stripe", Since: since, Until: since.Add(48 * time.Hour), MarginSeconds: 600,
		Report: reconcile.Report{Counts: counts, Types: map[string]*reconcile.Counts{"charge.refunded": &counts},
			Examples: []reconcile.Example{{State: "missing", ID: "stripe:evt_1\x1b", Type: "charge.refunded", Timestamp: since.UnixMilli()}}},
	}
	for format, want := range map[output.Format]string{
		output.Table: `TYPE             LISTED  STORED  ARCHIVED  ON THE WAY  NOT EXPECTED  DIFFERENT  MISSING  UNKNOWN
charge.refunded       9       5         1           1             0          0        2        1
all                   9       5         1           1             0          0        2        1

stripe, 2026-03-01T12:00:00Z to 2026-03-03T12:00:00Z
On the way: not stored, and younger than 10 minutes.
Archived: the consumer could not store them; paysluice failures says why, paysluice replay stores them.
The provider may still deliver 1 of the missing events by itself.
missing 2026-03-01T12:00:00Z stripe:evt_1\x1b charge.refunded
… and 2 more
`,
		output.CSV: `type,listed,stored,archived,onTheWay,notExpected,different,unreadable,missing,unknown
charge.refunded,9,5,1,1,0,0,0,2,1
all,9,5,1,1,0,0,0,2,1
`,
	} {
		var out bytes.Buffer
		require.NoError(t, (&app{out: &out, format: format}).printReconciliation(result))
		assert.Equal(t, want, out.String())
	}
	var out bytes.Buffer
	off := reconciliationResult{Provider: "square", Report: reconcile.Report{Counts: reconcile.Counts{Unknown: 3}}}
	require.NoError(t, (&app{out: &out, format: output.Table}).printReconciliation(off))
	assert.Contains(t, out.String(), "the event search is probably off")
	out.Reset()
	require.NoError(t, (&app{out: &out, format: output.JSON}).printReconciliation(result))
	assert.Contains(t, out.String(), `"stillRetried": 1`)
	assert.Contains(t, out.String(), `"until": "2026-03-03T12:00:00Z"`)
}
