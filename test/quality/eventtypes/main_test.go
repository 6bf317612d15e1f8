package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRead reads declarations as stripe-node 23.1.0 and Square's 46.0.0 have them.
func TestRead(t *testing.T) {
	for _, row := range []struct {
		why, file, text string
		sdk             sdk
		want            []string
	}{
		{"snapshot events", "package/esm/resources/Events.d.ts", "  type: 'account.updated';\n  type: 'charge.failed';\n", sdks()[0],
			[]string{"account.updated", "charge.failed"}},
		{"thin events, twice each", "package/esm/resources/V2/Core/Events.d.ts",
			"  type: 'v2.core.account[identity].updated';\n    type: 'v2.core.account[identity].updated';\n", sdks()[0],
			[]string{"v2.core.account[identity].updated"}},
		{"Stripe's other types are no events", "package/esm/resources/Accounts.d.ts", "  type: 'a.b';\n", sdks()[0], nil},
		{"quotes", "package/api/types/BankAccountCreatedEvent.d.ts",
			"/** The type of event this represents, `\"bank_account.created\"`. */\n    type?: string | null;", sdks()[1], []string{"bank_account.created"}},
		{"no quotes", "package/api/types/PayoutFailedEvent.d.ts",
			"/** The type of event that this represents, `payout.failed`. */\n    type?: string | null;", sdks()[1], []string{"payout.failed"}},
		{"this event", "package/api/types/CardCreatedEvent.d.ts",
			"/** The type of this event. The value is `\"card.created\"`. */\n    type?: string | null;", sdks()[1], []string{"card.created"}},
		{"the name of the interface alone", "package/api/types/DisputeEvidenceAddedEvent.d.ts",
			"/** The type of event this represents. */\n    type?: string | null;", sdks()[1], []string{"dispute.evidence.added"}},
		{"Square's event of every type", "package/api/types/Event.d.ts",
			"/** The type of event this represents. */\n    type?: string | null;", sdks()[1], nil},
		{"an event that is no webhook", "package/api/types/LoyaltyEvent.d.ts",
			"/** The type of the loyalty event. */\n    type: Square.LoyaltyEventType;", sdks()[1], nil},
	} {
		t.Run(row.why, func(t *testing.T) {
			got, err := row.sdk.read(archive(t, row.file, row.text))
			if row.want == nil {
				require.ErrorIs(t, err, errNoTypes)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.want, got)
		})
	}
}

func archive(t *testing.T, file, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	require.NoError(t, files.WriteHeader(&tar.Header{Name: file, Size: int64(len(text)), Mode: 0o644}))
	_, err := files.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, files.Close())
	require.NoError(t, zipped.Close())
	return b.Bytes()
}

func TestNewTypesAreAddedAndLostOnesNamed(t *testing.T) {
	const old = "# A list.\na.b payment.updated {\"status\":\"X\"}\na.b other {\"status\":\"Y\"}\nc.d other\na.b other {}\nc.d other {}\n#\n# By hand.\ne.f other\n"
	added, missing := compare(old, []string{"a.b", "g.h", "v1.a.b", "v1.i.j"})
	assert.Equal(t, []string{"g.h", "v1.i.j"}, added)
	assert.Equal(t, []string{"c.d"}, missing)

	const want = "# A list.\na.b payment.updated {\"status\":\"X\"}\na.b other {\"status\":\"Y\"}\nc.d other\na.b other {}\nc.d other {}\n" +
		"#\n# New in sdk-2.tgz: give each its category and its place.\ng.h other\nv1.i.j other\n#\n# By hand.\ne.f other\n"
	renewed := add(old, "sdk-2.tgz", added)
	assert.Equal(t, want, renewed)
	added, _ = compare(renewed, []string{"a.b", "g.h", "v1.a.b", "v1.i.j"})
	assert.Empty(t, added, "a second run adds nothing")
}

// TestListsAreReadable: the committed lists have types before and after byHand.
func TestListsAreReadable(t *testing.T) {
	for _, s := range sdks() {
		content, err := os.ReadFile(filepath.Join("..", "..", "..", list(s.provider)))
		require.NoError(t, err)
		_, missing := compare(string(content), nil)
		assert.Greater(t, len(missing), 100)
		assert.Greater(t, len(rows(string(content))), len(missing), "no types by hand")
	}
}
