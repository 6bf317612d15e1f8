package providertest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// statesFile lists the states that a provider documents.
const statesFile = "testdata/states.json"

// states is the content of statesFile.
type states struct {
	// Kinds are the objects with a state: the member that has it, its values
	// separated by "|" and the types of event that it decides.
	Kinds []struct {
		Object, Source, Member, States string
		Types                          []string
	}
	// Alone are types that no state changes.
	Alone []struct {
		Reason string
		Types  []string
	}
}

// testStates checks each event type that moves money: EventTypesFile has a row for every
// documented state, or statesFile gives the reason why no state changes its category.
func (s Suite) testStates(t *testing.T) {
	content, err := os.ReadFile(statesFile)
	require.NoError(t, err)
	var declared states
	require.NoError(t, json.Unmarshal(content, &declared))
	rows, moving := map[string][]EventType{}, map[string]bool{}
	for _, row := range EventTypes(t) {
		rows[row.Type] = append(rows[row.Type], row)
		kind, _, _ := strings.Cut(string(row.Category), ".")
		switch kind {
		case "payment", "refund", "dispute", "payout":
			moving[row.Type] = true
		}
		if row.Category == event.InvoicePaid {
			moving[row.Type] = true
		}
	}
	decided := map[string]bool{}
	var members []string
	for _, kind := range declared.Kinds {
		assert.NotEmpty(t, kind.Source, kind.Object)
		for state := range strings.SplitSeq(kind.States, "|") {
			member := fmt.Sprintf("%q:%q", kind.Member, state)
			members = append(members, member)
			for _, typ := range kind.Types {
				decided[typ] = true
				found := false
				for _, row := range rows[typ] {
					found = found || strings.Contains(row.Object, member)
				}
				assert.True(t, found, "%s has no row for %s", typ, member)
			}
		}
	}
	for _, alone := range declared.Alone {
		assert.NotEmpty(t, alone.Reason, alone.Types)
		for _, typ := range alone.Types {
			assert.False(t, decided[typ], "%s is declared twice", typ)
			decided[typ] = true
			require.Len(t, rows[typ], 1, typ)
			for _, member := range members {
				e := s.event(t, s.body(typ, s.Object(typ, member)))
				assert.Equal(t, rows[typ][0].Category, e.Category, "%s {%s}", typ, member)
			}
		}
	}
	assert.Equal(t, moving, decided, "types that move money, and those of "+statesFile)
}

// testVocabulary checks that the provider has the event types of EventTypesFile with a
// category other than Other. A type counts if one of its states changes a sum of package
// ledger, or pays money out. A thin type has the name of its snapshot type.
func (s Suite) testVocabulary(t *testing.T) {
	want := map[string]bool{}
	for _, row := range EventTypes(t) {
		name := strings.TrimPrefix(row.Type, "v1.")
		switch row.Category {
		case event.Other:
		case event.PaymentSucceeded, event.PaymentReversed, event.RefundSucceeded, event.RefundFailed,
			event.DisputeOpened, event.DisputeWon, event.DisputeLost, event.PayoutPaid, event.PayoutFailed, event.PayoutCanceled:
			want[name] = true
		default:
			want[name] = want[name] || false
		}
	}
	got := map[string]bool{}
	for _, typ := range s.Provider.EventTypes() {
		if _, found := want[typ.Name]; !found && typ.Category == event.Other {
			continue // its documented states are Other too
		}
		got[typ.Name] = typ.Counts
		assert.True(t, typ.Category.Valid(), typ.Name)
	}
	assert.Equal(t, want, got)
}
