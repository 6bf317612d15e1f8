package decode_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// identity has the arguments of Identify.
type identity struct {
	ID      decode.Member `json:"id"`
	Type    decode.Member `json:"type"`
	Created decode.Member `json:"created"`
}

func read(t testing.TB, text string) identity {
	t.Helper()
	var i identity
	require.NoError(t, json.Unmarshal([]byte(text), &i))
	return i
}

// member is a member of that JSON value.
func member(t testing.TB, value string) decode.Member {
	t.Helper()
	return read(t, `{"created":`+value+`}`).Created
}

func TestMemberText(t *testing.T) {
	for value, want := range map[string]string{
		`"evt_1"`: "evt_1", `"\u0041"`: "A", `""`: "", `null`: "", `7`: "", `["a"]`: "", `{"a":"b"}`: "",
	} {
		assert.Equal(t, want, member(t, value).Text(), value)
	}
	assert.Empty(t, decode.Member{}.Text(), "a member that is not there")
}

func TestMemberSeconds(t *testing.T) {
	for value, want := range map[string]int64{
		`1775001600`:           1775001600000,
		`0`:                    0,
		`253402300799`:         253402300799000, // the end of the year 9999
		`253402300800`:         0,
		`-1`:                   0,
		`1775001600.5`:         0,
		`99999999999999999999`: 0,
		`1e400`:                0,
		`"1775001600"`:         0,
		`null`:                 0,
		`true`:                 0,
	} {
		assert.Equal(t, want, member(t, value).Seconds(), value)
	}
	assert.Zero(t, decode.Member{}.Seconds())
}

func TestMemberTime(t *testing.T) {
	for value, want := range map[string]int64{
		`"2026-04-01T00:00:00Z"`:             1775001600000,
		`"2026-04-01T00:00:00.063Z"`:         1775001600063,
		`"2026-04-01T02:00:00.063999+02:00"`: 1775001600063,
		`"2022-07-13T20:30:59.037339943Z"`:   1657744259037, // nine digits, as Square sends
		`"9999-12-31T23:59:59Z"`:             253402300799000,
		`"1969-12-31T23:59:59Z"`:             0,
		`"2018-19-12T00:00:00Z"`:             0, // PayPal's simulator has sent it
		`"2026-04-01"`:                       0,
		`"2026-04-01T00:00:00"`:              1775001600000,
		`"2022-04-26T10:08:40.454726"`:       1650967720454, // a sample of Square's, without a zone
		`"2026-04-01T00:00:00.063000000001"`: 1775001600063,
		`"2026-04-01T00:00:00,063Z"`:         1775001600063, // ISO 8601's other sign
		`"2026-04-01T00:00:00 UTC"`:          0,
		`""`:                                 0,
		`1775001600`:                         0,
		`null`:                               0,
	} {
		assert.Equal(t, want, member(t, value).Time(), value)
	}
	assert.Zero(t, decode.Member{}.Time())
}

func TestContent(t *testing.T) {
	for _, row := range []struct {
		why, body, id string
		repeated      bool
	}{
		{"once", `{"data":{"id":"a"}}`, "a", false},
		{"not at all", `{}`, "", false},
		{"of a wrong type", `{"data":7}`, decode.WrongType, false},
		{"twice, also in other letters", `{"data":{"id":"a"},"DATA":{"id":"b"}}`, "b", true},
	} {
		t.Run(row.why, func(t *testing.T) {
			var body struct {
				Data decode.Content[struct {
					ID string `json:"id"`
				}] `json:"data"`
			}
			require.NoError(t, decode.Body([]byte(row.body), &body))
			assert.Equal(t, row.id, body.Data.Value.ID)
			assert.Equal(t, row.repeated, body.Data.Repeated())
		})
	}
}

func TestIdentify(t *testing.T) {
	for _, id := range []string{"e", "evt_1", "WH-2W7266712B616591M-36507203HX6402335", "6b5cc1ac-3a16-4b72-9a3c-5a2d0a1f0001", "a.b-C_9", strings.Repeat("x", 255)} {
		i := read(t, `{"id":"`+id+`","type":"charge.updated"}`)
		gotID, gotType, err := decode.Identify(i.ID, i.Type, i.Created, new(decode.Content[any]))
		require.NoError(t, err)
		assert.Equal(t, id, gotID)
		assert.Equal(t, "charge.updated", gotType)
	}
}

func TestIdentifyRefuses(t *testing.T) {
	withID := func(id string) string { return `{"type":"charge.updated","id":` + id + `}` }
	withType := func(typ string) string { return `{"id":"evt_1","type":` + typ + `}` }

	for _, tt := range []struct {
		why  string
		body string
		want provider.Reason
	}{
		{"nothing", `{}`, provider.EnvelopeUnreadable},
		{"no type", `{"id":"evt_1"}`, provider.EnvelopeUnreadable},
		{"empty type", withType(`""`), provider.EnvelopeUnreadable},
		{"type of a wrong type", withType(`["charge.updated"]`), provider.EnvelopeUnreadable},
		{"type with a control character", withType(`"charge\nupdated"`), provider.EnvelopeUnreadable},
		{"type with DEL", withType(`"charge\u007f"`), provider.EnvelopeUnreadable},
		{"type beyond ASCII", withType(`"chärge"`), provider.EnvelopeUnreadable},
		{"type too long", withType(`"` + strings.Repeat("x", 256) + `"`), provider.EnvelopeUnreadable},
		{"two ids", `{"id":"evt_1","type":"charge.updated","id":"evt_2"}`, provider.EnvelopeUnreadable},
		{"two ids, one spelling of which encoding/json takes for the other", `{"id":"evt_1","type":"charge.updated","ID":"evt_2"}`, provider.EnvelopeUnreadable},
		{"the same id twice", `{"id":"evt_1","type":"charge.updated","id":"evt_1"}`, provider.EnvelopeUnreadable},
		{"two types", `{"id":"evt_1","type":"charge.updated","type":"charge.succeeded"}`, provider.EnvelopeUnreadable},
		{"two times", `{"id":"evt_1","type":"charge.updated","created":1,"created":2}`, provider.EnvelopeUnreadable},

		{"no id", `{"type":"charge.updated"}`, provider.EventIDInvalid},
		{"null", withID(`null`), provider.EventIDInvalid},
		{"a number", withID(`7`), provider.EventIDInvalid},
		{"empty", withID(`""`), provider.EventIDInvalid},
		{"5 KB", withID(`"` + strings.Repeat("x", 5<<10) + `"`), provider.EventIDInvalid},
		{"one too long", withID(`"` + strings.Repeat("x", 256) + `"`), provider.EventIDInvalid},
		{"another provider's prefix", withID(`"square:evt_1"`), provider.EventIDInvalid},
		{"the separator of the day index", withID(`"evt#1"`), provider.EventIDInvalid},
		{"leaves its S3 prefix", withID(`"../paypal/evt_1"`), provider.EventIDInvalid},
		{"the parent folder", withID(`".."`), provider.EventIDInvalid},
		{"two dots inside", withID(`"evt..1"`), provider.EventIDInvalid},
		{"a folder", withID(`"evt/1"`), provider.EventIDInvalid},
		{"a space", withID(`"evt 1"`), provider.EventIDInvalid},
		{"NUL", withID(`"evt\u0000"`), provider.EventIDInvalid},
		{"beyond ASCII", withID(`"evt_é"`), provider.EventIDInvalid},
		{"invalid UTF-8", withID("\"evt_\xff\""), provider.EventIDInvalid},
	} {
		t.Run(tt.why, func(t *testing.T) {
			i := read(t, tt.body)
			id, typ, err := decode.Identify(i.ID, i.Type, i.Created, new(decode.Content[any]))
			assert.Empty(t, id+typ)
			assert.ErrorIs(t, err, tt.want)
			assert.NotContains(t, err.Error(), "evt", "an error repeats nothing of the body")
		})
	}
}

// FuzzIdentify: an id that passes can be a key anywhere, a type can be logged,
// a time can be written.
func FuzzIdentify(f *testing.F) {
	f.Add(`"evt_1"`, `"charge.updated"`, `1775001600`)
	f.Add(`"a..b"`, `" ~"`, `"2026-04-01T00:00:00.123456789+23:59"`)
	f.Add(`{}`, `null`, `-1`)
	f.Fuzz(func(t *testing.T, id, typ, created string) {
		var members [3]decode.Member
		for n, value := range []string{id, typ, created} {
			require.NoError(t, members[n].UnmarshalJSON([]byte(value)))
		}
		for _, millis := range []int64{members[2].Seconds(), members[2].Time()} {
			assert.GreaterOrEqual(t, millis, int64(0))
			assert.Less(t, millis, int64(253402300800000))
		}
		eventID, eventType, err := decode.Identify(members[0], members[1], members[2], new(decode.Content[any]))
		if err != nil {
			assert.Equal(t, provider.Quarantined, provider.ReasonOf(err).Class(), "%v", err)
			return
		}
		assert.Regexp(t, `^[A-Za-z0-9_.-]{1,255}$`, eventID)
		assert.NotContains(t, eventID, "..")
		assert.Regexp(t, `^[ -~]{1,255}$`, eventType)
	})
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, " ~": true, "Connect (EU) #2": true,
		"\x1f": false, "\x7f": false, "é": false, "a\n": false, "\xff": false,
	} {
		assert.Equal(t, want, decode.Printable(text), "%q", text)
	}
}
