package stripe_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
	"github.com/paysluice/paysluice/test/header"
)

func TestDescriptor(t *testing.T) {
	assert.Equal(t, contract.Stripe(), stripe.New().Descriptor())
}

func TestCheckHeadersForm(t *testing.T) {
	v1 := "v1=" + strings.Repeat("ab", 32)

	for _, tt := range []struct {
		why   string
		value string
		want  error
	}{
		{"as Stripe sends it", "t=1775001600," + v1, nil},
		{"a rolled secret signs twice", "t=1775001600," + v1 + "," + v1, nil},
		{"the fake v0 of test events, and whatever comes later", "t=1775001600," + v1 + ",v0=00,v2=x=y==,=", nil},
		{"order is not documented", v1 + ",t=1775001600", nil},
		{"spaces around elements cost nothing", " t=1775001600 ,\t" + v1 + " ", nil},
		{"upper-case hex is the same sum", "t=1775001600," + "v1=" + strings.Repeat("AB", 32), nil},
		{"one unusable v1 does not spoil the other", "t=1775001600,v1=,v1=zz," + v1, nil},

		{"an element without =", "t=1775001600," + v1 + ",v0", provider.HeaderMalformed},
		{"an empty element", "t=1775001600," + v1 + ",", provider.HeaderMalformed},
		{"no t", v1, provider.HeaderMalformed},
		{"t twice", "t=1775001600,t=1775001600," + v1, provider.HeaderMalformed},
		{"t of another case is another scheme", "T=1775001600," + v1, provider.HeaderMalformed},
		{"empty t", "t=," + v1, provider.HeaderMalformed},
		{"t with a sign", "t=+1775001600," + v1, provider.HeaderMalformed},
		{"negative t", "t=-1," + v1, provider.HeaderMalformed},
		{"t with a leading zero", "t=01775001600," + v1, provider.HeaderMalformed},
		{"t with a space inside the element", "t= 1775001600," + v1, provider.HeaderMalformed},
		{"t with a fraction", "t=1775001600.0," + v1, provider.HeaderMalformed},
		{"t longer than any time", "t=1775001600000," + v1, provider.HeaderMalformed},
		{"t beyond int64", "t=99999999999999999999," + v1, provider.HeaderMalformed},
		{"no v1", "t=1775001600", provider.HeaderMalformed},
		{"v0 alone must never pass", "t=1775001600,v0=" + v1[3:], provider.HeaderMalformed},
		{"v1 one digit short", "t=1775001600," + v1[:len(v1)-1], provider.HeaderMalformed},
		{"v1 not hex", "t=1775001600,v1=" + strings.Repeat("zz", 32), provider.HeaderMalformed},
		{"NUL is not a space", "t=1775001600," + "\x00" + v1, provider.HeaderMalformed},
		{"invalid UTF-8", "t=1775001600,\xff\xfe=,v1=\xff", provider.HeaderMalformed},
		{"nothing but commas", strings.Repeat(",", 5000), provider.HeaderMalformed},
		{"longer than the cap", "t=1775001600," + v1 + ",v0=" + strings.Repeat("0", 16<<10), provider.HeaderMalformed},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := stripe.New().CheckHeaders(signed(tt.value), epoch)
			if tt.want == nil {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, "Stripe-Signature")
			assert.NotContains(t, err.Error(), "abab", "an error never holds a signature")
		})
	}
}

func TestCheckHeadersPresence(t *testing.T) {
	good := stripe.Sign(nil, "whsec_test", epoch)
	for _, tt := range []struct {
		why    string
		values []string
		want   error
	}{
		{"none", nil, provider.HeaderMissing},
		{"empty", []string{""}, provider.HeaderMissing},
		{"two, although both would pass", []string{good, good}, provider.HeaderRepeated},
	} {
		t.Run(tt.why, func(t *testing.T) {
			h := header.Multi(map[string][]string{"stripe-signature": tt.values})
			assert.ErrorIs(t, stripe.New().CheckHeaders(h, epoch), tt.want)
		})
	}
}

func TestCheckHeadersWindow(t *testing.T) {
	h := signed(stripe.Sign(nil, "whsec_test", epoch))
	for _, tt := range []struct {
		why  string
		age  time.Duration
		want error
	}{
		{"now", 0, nil},
		{"as old as it may be", 300 * time.Second, nil},
		{"a moment older", 300*time.Second + 1, provider.TimestampStale},
		{"replayed a year later", 365 * 24 * time.Hour, provider.TimestampStale},
		{"our clock is behind", -300 * time.Second, nil},
		{"further than any clock is wrong", -300*time.Second - 1, provider.TimestampFuture},
		{"stamped for tomorrow, which stripe-go accepts", -24 * time.Hour, provider.TimestampFuture},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := stripe.New().CheckHeaders(h, epoch.Add(tt.age))
			if tt.want == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}

	t.Run("the earliest and the latest time that t can say", func(t *testing.T) {
		v1 := ",v1=" + strings.Repeat("00", 32)
		assert.ErrorIs(t, stripe.New().CheckHeaders(signed("t=0"+v1), epoch), provider.TimestampStale)
		assert.ErrorIs(t, stripe.New().CheckHeaders(signed("t=999999999999"+v1), epoch), provider.TimestampFuture)
	})
}

// TestCheckHeadersManyElements: the most elements that fit cost no more than
// reading them, and the one good signature among them is found.
func TestCheckHeadersManyElements(t *testing.T) {
	body := []byte(`{}`)
	good := stripe.Sign(body, "whsec_test", epoch)
	bad := strings.Join(slices.Repeat([]string{"v1=" + strings.Repeat("0", 64)}, 200), ",")
	many := strings.Repeat(",=", 1000)

	_, err := newVerifier(t, entry{"main", "whsec_test"}).
		Verify(t.Context(), signed(bad+","+good+many), body, epoch)
	assert.NoError(t, err)
}
