package providertest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// tooDeep returns a value that is nested deeper than JSON is read.
func tooDeep() string { return nested(20000) }

// testQuarantine checks signed bodies that are not events.
func (s Suite) testQuarantine(t *testing.T) {
	withID := func(id string) string { return fmt.Sprintf(`{%q:%s,%q:"A.B"}`, s.ID, id, s.Type) }
	withType := func(typ string) string { return fmt.Sprintf(`{%q:"evt_1",%q:%s}`, s.ID, s.Type, typ) }
	whole := s.body("A.B", "")
	for _, row := range []struct {
		why, body string
		want      provider.Reason
	}{
		{"empty", "", provider.EnvelopeUnreadable},
		{"form", "id=evt_1&type=A.B", provider.EnvelopeUnreadable},
		{"cut off", whole[:len(whole)-1], provider.EnvelopeUnreadable},
		{"two bodies", whole + whole, provider.EnvelopeUnreadable},
		{"byte order mark", "\ufeff" + whole, provider.EnvelopeUnreadable},
		{"raw NUL", withType("\"A\x00B\""), provider.EnvelopeUnreadable},
		{"null", "null", provider.EnvelopeUnreadable},
		{"list", "[" + whole + "]", provider.EnvelopeUnreadable},
		{"text", `"evt_1"`, provider.EnvelopeUnreadable},
		{"nested too deeply", s.body("A.B", `"data":`+tooDeep()), provider.EnvelopeUnreadable},
		{"nested too deeply, and cut off", strings.Repeat(`{"data":`, 1<<16), provider.EnvelopeUnreadable},
		{"no members", `{}`, provider.EnvelopeUnreadable},
		{"no type", fmt.Sprintf(`{%q:"evt_1"}`, s.ID), provider.EnvelopeUnreadable},
		{"empty type", withType(`""`), provider.EnvelopeUnreadable},
		{"type that is no string", withType(`["A.B"]`), provider.EnvelopeUnreadable},
		{"type beyond ASCII", withType(`"Ä"`), provider.EnvelopeUnreadable},
		{"type too long", withType(`"` + strings.Repeat("x", 256) + `"`), provider.EnvelopeUnreadable},
		{"two ids", s.body("A.B", fmt.Sprintf(`%q:"evt_2"`, s.ID)), provider.EnvelopeUnreadable},
		{"two ids in different case", s.body("A.B", fmt.Sprintf(`%q:"evt_2"`, strings.ToUpper(s.ID))), provider.EnvelopeUnreadable},
		{"two types", s.body("A.B", fmt.Sprintf(`%q:"A.C"`, s.Type)), provider.EnvelopeUnreadable},
		{"two contents", s.body("A.B", s.Object("A.B", "")+","+s.Object("A.B", "")), provider.EnvelopeUnreadable},
		{"two times", s.body("A.B", fmt.Sprintf(`%q:1,%[1]q:2`, s.Created)), provider.EnvelopeUnreadable},

		{"no id", fmt.Sprintf(`{%q:"A.B"}`, s.Type), provider.EventIDInvalid},
		{"id null", withID(`null`), provider.EventIDInvalid},
		{"id beyond float64", withID(`1e999`), provider.EventIDInvalid},
		{"empty id", withID(`""`), provider.EventIDInvalid},
		{"id of 5 KB", withID(`"` + strings.Repeat("x", 5<<10) + `"`), provider.EventIDInvalid},
		{"prefix of another provider", withID(`"other:evt_1"`), provider.EventIDInvalid},
		{"separator of the day index", withID(`"evt#1"`), provider.EventIDInvalid},
		{"id that leaves its S3 prefix", withID(`"../other/evt_1"`), provider.EventIDInvalid},
		{"control character in an id", withID(`"evt\u0000"`), provider.EventIDInvalid},
		{"invalid UTF-8 in an id", withID("\"evt_\xff\""), provider.EventIDInvalid},
	} {
		t.Run(row.why, func(t *testing.T) {
			e, err := s.Provider.Event([]byte(row.body), provider.Origin{})
			assert.Empty(t, e)
			assert.ErrorIs(t, err, row.want)
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class())
			assert.NotContains(t, err.Error(), "evt", "an error repeats nothing of the body")
		})
	}
}

// testLenient checks that missing members and values of wrong types stay empty.
func (s Suite) testLenient(t *testing.T) {
	bare := s.Bare
	bare.Schema, bare.Provider = event.Schema, s.Descriptor.Name
	bare.ID = event.NewID(s.Descriptor.Name, "evt_1")
	for _, row := range append(s.Lenient, Lenient{Source: Own}) {
		assert.NotEmpty(t, row.Source, row.Members)
		e := s.event(t, s.body(bare.Type, row.Members))
		e.ContentSHA256, e.Omitted = "", nil // testSame, testOmitted
		assert.Equal(t, bare, e, row.Members)
	}
	assert.Equal(t, s.event(t, s.body(bare.Type, "")), s.event(t, "\r\n\t "+s.body(bare.Type, "")+"\n"), "white space around the body")
	for _, id := range []string{"e", "evt_test_65R9Ijk8dKEYZcXeRWn16R", "a.b-C_9", strings.Repeat("x", 255)} {
		e := s.event(t, fmt.Sprintf(`{%q:%q,%q:"A.B"}`, s.ID, id, s.Type))
		assert.Equal(t, s.Descriptor.Name+":"+id, e.ID)
	}
}

// testBodies checks references, states and accounts.
func (s Suite) testBodies(t *testing.T) {
	for _, row := range s.Bodies {
		t.Run(row.Type+" "+row.Why, func(t *testing.T) {
			assert.NotEmpty(t, row.Source)
			e := s.event(t, s.body(row.Type, row.Members))
			assert.Equal(t, row, Body{
				Why: row.Why, Source: row.Source, Type: e.Type, Members: row.Members,
				Object: e.ObjectID, Payment: e.PaymentID, Status: e.ObjectStatus, Account: e.Account, Related: e.Related,
			})
		})
	}
}

// testOmitted checks that fields with an unfit value are named.
func (s Suite) testOmitted(t *testing.T) {
	for _, row := range s.Omitted {
		assert.NotEmpty(t, row.Source, row.Why)
		assert.Equal(t, row.Want, s.event(t, s.body(cmp.Or(row.Type, "A.B"), row.Members)).Omitted, "%s: %s", row.Why, row.Members)
	}
}

func (s Suite) testTimes(t *testing.T) {
	for _, row := range s.Times {
		assert.NotEmpty(t, row.Source, row.Value)
		e := s.event(t, s.body("A.B", fmt.Sprintf("%q:%s", s.Created, row.Value)))
		assert.Equal(t, row.Want, e.Timestamp, row.Value)
	}
}

func (s Suite) testLivemode(t *testing.T) {
	for _, live := range []*bool{nil, new(true), new(false)} {
		for text, inBody := range map[string]*bool{"true": new(true), "false": new(false), "null": nil, `"true"`: nil, "1": nil} {
			e, err := s.Provider.Event([]byte(s.body("A.B", `"livemode":`+text)), provider.Origin{Livemode: live, Endpoint: "shop"})
			require.NoError(t, err)
			want := live
			if s.LivemodeInBody {
				want = inBody
			}
			assert.Equal(t, want, e.Livemode, text)
			assert.Equal(t, "shop", e.Endpoint)
		}
	}
}

// testEventTypes checks the category of every type that the provider documents.
// Every category with an amount must be shown by a fixture.
func (s Suite) testEventTypes(t *testing.T) {
	shown := map[event.Category]bool{}
	for _, f := range s.Fixtures {
		shown[f.Category] = shown[f.Category] || f.Money != event.Money{}
	}
	seen := map[EventType]bool{}
	for _, row := range EventTypes(t) {
		e := s.event(t, s.body(row.Type, s.Object(row.Type, row.Object)))
		assert.Equal(t, row.Category, e.Category, "%s {%s}", row.Type, row.Object)
		assert.True(t, e.Category.Valid(), row.Type)
		key := EventType{Type: row.Type, Object: row.Object}
		assert.False(t, seen[key], "%s {%s} is listed twice", row.Type, row.Object)
		seen[key] = true
		if movesMoney(row.Category) {
			assert.True(t, shown[row.Category], "no fixture has the category %s of %s", row.Category, row.Type)
		}
	}
}

// movesMoney reports whether events of a category have an amount. PayPal's
// payouts are created in batches, which have none.
func movesMoney(c event.Category) bool {
	kind, _, _ := strings.Cut(string(c), ".")
	return c == event.PaymentSucceeded || c == event.PaymentReversed ||
		slices.Contains([]string{"refund", "dispute", "payout"}, kind) && c != event.PayoutCreated
}

// testFixtures reads whole bodies.
func (s Suite) testFixtures(t *testing.T) {
	bodies := fixtures(t)
	for _, row := range s.Fixtures {
		t.Run(row.File, func(t *testing.T) {
			require.Contains(t, bodies, row.File)
			e, err := s.Provider.Event(bodies[row.File], provider.Origin{Endpoint: "shop", Livemode: new(false)})
			delete(bodies, row.File)
			require.NoError(t, err)
			assert.Equal(t, row.Category, e.Category, row.Why)
			assert.Equal(t, row.Money, e.Money, row.Why)
			assert.Equal(t, row.Payment, e.PaymentID, row.Why)
			assert.Equal(t, row.Status, e.ObjectStatus, row.Why)
			assert.Equal(t, row.Omitted, e.Omitted, row.Why)
			assert.NotEmpty(t, row.Source)
			if row.Event != nil {
				want := *row.Event
				want.Schema, want.Provider, want.Endpoint = event.Schema, s.Descriptor.Name, "shop"
				want.Category, want.Money, want.PaymentID, want.ObjectStatus = row.Category, row.Money, row.Payment, row.Status
				want.Omitted = row.Omitted
				e.ContentSHA256 = "" // testSame
				assert.Equal(t, want, e)
			}
		})
	}
	assert.Empty(t, bodies, "fixtures without a row")
}

// testPayments checks that a payment is counted by the events that Counts names,
// and that no other type counts one in any documented state.
func (s Suite) testPayments(t *testing.T) {
	counts := func(e EventType) bool {
		return s.event(t, s.body(e.Type, s.Object(e.Type, e.Object))).Category == event.PaymentSucceeded
	}
	for _, row := range s.Payments {
		t.Run(row.Why, func(t *testing.T) {
			assert.NotEmpty(t, row.Source)
			var counted []string
			for _, e := range row.Events {
				if counts(e) {
					counted = append(counted, e.Type)
				}
			}
			assert.Equal(t, row.Counts, counted)
		})
	}
	var routes []string
	for _, row := range EventTypes(t) {
		for _, state := range []string{"COMPLETED", "PAID", "APPROVED", "CREATED", "SUCCESS", "CAPTURED", "succeeded", ""} {
			row.Object = fmt.Sprintf(`"status":%q,"state":%[1]q`, state)
			if counts(row) && !slices.Contains(routes, row.Type) {
				routes = append(routes, row.Type)
			}
		}
	}
	assert.ElementsMatch(t, s.Routes, routes)
}

func (s Suite) testMoney(t *testing.T) {
	for _, row := range s.Money {
		t.Run(row.Type+" "+row.Why, func(t *testing.T) {
			e := s.event(t, s.body(row.Type, s.Object(row.Type, row.Object)))
			assert.NotEmpty(t, row.Source)
			assert.Equal(t, row.Want, e.Money, row.Object)
			assert.Equal(t, row.Omitted, slices.Contains(e.Omitted, "amount"), row.Object)
		})
	}
}

// testSame checks which bodies are deliveries of one event: with the hashes of
// both bodies, without the first hash, as in a row of an earlier version, and with both
// bodies in S3.
func (s Suite) testSame(t *testing.T) {
	amount := s.Object("A.B", `"amount":500`)
	rows := []Same{
		{"the order of members", "RFC 8259, section 4", `"a":1,"b":[{}]`, `"b":[{}],"a":1`, true},
		{"white space", "RFC 8259, section 2", `"a":[1]`, "\"a\" : [\n1 ]", true},
		{"escapes", "RFC 8259, section 7", `"a":"b"`, `"\u0061":"\u0062"`, true},

		{"another amount", Own, amount, strings.Replace(amount, "500", "501", 1), false},
		{"one member more", Own, amount, amount + `,"more":1`, false},
		{"numbers that float64 cannot tell apart", Own, `"n":9007199254740993`, `"n":9007199254740992`, false},
		{"nested too deeply to be compared", Own, `"a":` + nested(64), `"a": ` + nested(64), false},
		{"a name twice", Own, `"a":1,"a":2`, `"a":1, "a":2`, false},
	}
	for _, row := range append(rows, s.Same...) {
		t.Run(row.Why, func(t *testing.T) {
			assert.NotEmpty(t, row.Source)
			a, b := s.received(t, s.body("A.B", row.A)), s.received(t, s.body("A.B", row.B))
			older, inS3 := a, b
			older.ContentSHA256 = ""
			inS3.Payload, inS3.PayloadRef = nil, "oversize/x"
			for _, pair := range [][2]event.Event{{a, b}, {b, a}, {older, b}, {b, older}, {a, inS3}, {inS3, a}} {
				assert.Equal(t, row.Want, s.Provider.SameEvent(pair[0], pair[1]))
			}
		})
	}
}

// nested returns an array of arrays with this many levels.
func nested(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

// testLarge bounds the allocation for signed bodies with millions of elements.
func (s Suite) testLarge(t *testing.T) {
	for _, row := range s.Large {
		text := s.body("A.B", row.Head+row.Element+row.Tail)
		before, after, ok := strings.Cut(text, row.Head+row.Element+row.Tail)
		require.True(t, ok)
		body := LargeBody(before+row.Head, row.Element, row.Tail+after)
		RequireAllocation(t, body, row.Most, func() { s.event(t, string(body)) })
	}
}
