package event_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

func TestMinorUnits(t *testing.T) {
	for _, tt := range []struct {
		why      string
		digits   string
		exponent int
		want     string
	}{
		{"the usual two decimals", "1250", 2, "12.50"},
		{"no decimals: no point either", "500", 0, "500"},
		{"three decimals", "5120", 3, "5.120"},
		{"less than one major unit", "5", 2, "0.05"},
		{"exactly one digit short of a major unit", "99", 2, "0.99"},
		{"exactly one major unit", "100", 2, "1.00"},
		{"smallest amount of three decimals", "1", 3, "0.001"},
		{"leading zeros say nothing", "007", 2, "0.07"},
		{"2^53+1, which a float64 cannot hold", "9007199254740993", 2, "90071992547409.93"},
		{"beyond int64", "12345678901234567890123", 2, "123456789012345678901.23"},
		{"as long as it may be", strings.Repeat("9", 38), 0, strings.Repeat("9", 38)},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, event.Money{Amount: tt.want, Currency: "EUR"},
				event.MinorUnits(tt.digits, tt.exponent, "EUR"))
		})
	}
}

func TestMinorUnitsWithoutAnAmount(t *testing.T) {
	for _, tt := range []struct {
		why      string
		digits   string
		exponent int
		currency string
	}{
		{"no amount", "", 2, "EUR"},
		{"JSON null", "null", 2, "EUR"},
		{"zero moves nothing", "0", 2, "EUR"},
		{"nor does a long zero", "000", 2, "EUR"},
		{"an amount is positive", "-1250", 2, "EUR"},
		{"minor units are whole", "12.5", 2, "EUR"},
		{"no exponent notation", "1e3", 2, "EUR"},
		{"no digits of other scripts", "١٢", 2, "EUR"},
		{"longer than any amount", strings.Repeat("9", 39), 2, "EUR"},
		{"a negative exponent is a mistake of the caller", "1250", -1, "EUR"},
		{"no currency", "1250", 2, ""},
		{"the caller makes it upper case", "1250", 2, "eur"},
		{"not an ISO 4217 code", "1250", 2, "USDC"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Empty(t, event.MinorUnits(tt.digits, tt.exponent, tt.currency))
		})
	}
}

func TestMajorUnits(t *testing.T) {
	for _, tt := range []struct{ why, decimal string }{
		{"the usual two decimals", "12.50"},
		{"none", "500"},
		{"one, as it was sent", "1.0"},
		{"three", "5.120"},
		{"less than one major unit", "0.05"},
		{"2^53+1, which a float64 cannot hold", "9007199254740993.01"},
		{"as long as it may be", strings.Repeat("9", 36) + ".99"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, event.Money{Amount: tt.decimal, Currency: "EUR"}, event.MajorUnits(tt.decimal, "EUR"))
		})
	}
}

func TestMajorUnitsWithoutAnAmount(t *testing.T) {
	for _, tt := range []struct{ why, decimal, currency string }{
		{"no amount", "", "EUR"},
		{"zero moves nothing", "0", "EUR"},
		{"nor does zero with decimals", "0.00", "EUR"},
		{"an amount is positive", "-12.50", "EUR"},
		{"no sign at all", "+12.50", "EUR"},
		{"nothing before the point", ".50", "EUR"},
		{"nothing behind the point", "12.", "EUR"},
		{"two points", "1.2.5", "EUR"},
		{"a comma", "12,50", "EUR"},
		{"no exponent notation", "1e3", "EUR"},
		{"spaces", " 12.50", "EUR"},
		{"no digits of other scripts", "١٢", "EUR"},
		{"longer than any amount", strings.Repeat("9", 37) + ".99", "EUR"},
		{"no currency", "12.50", ""},
		{"the caller makes it upper case", "12.50", "eur"},
		{"not an ISO 4217 code", "12.50", "USDC"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Empty(t, event.MajorUnits(tt.decimal, tt.currency))
		})
	}
}

// FuzzMajorUnits: what comes out is what went in, a decimal above zero.
func FuzzMajorUnits(f *testing.F) {
	f.Add("12.50")
	f.Add("0.0")
	f.Add("-1")
	f.Fuzz(func(t *testing.T, decimal string) {
		money := event.MajorUnits(decimal, "EUR")
		if money == (event.Money{}) {
			return
		}
		assert.Equal(t, decimal, money.Amount)
		assert.Regexp(t, `^[0-9]+(\.[0-9]+)?$`, decimal)
		got, ok := new(big.Rat).SetString(decimal)
		require.True(t, ok)
		assert.Positive(t, got.Sign())
	})
}

// FuzzMinorUnits holds every amount against rational arithmetic.
func FuzzMinorUnits(f *testing.F) {
	f.Add("1250", uint8(2))
	f.Add("0001", uint8(3))
	f.Add("-1", uint8(0))
	f.Fuzz(func(t *testing.T, digits string, exponent uint8) {
		money := event.MinorUnits(digits, int(exponent), "EUR")
		if money == (event.Money{}) {
			return
		}
		got, ok := new(big.Rat).SetString(money.Amount)
		require.True(t, ok, "%q is not a decimal", money.Amount)
		minor, ok := new(big.Int).SetString(digits, 10)
		require.True(t, ok)
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
		assert.Zero(t, got.Cmp(new(big.Rat).SetFrac(minor, scale)))
	})
}
