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
		{"leading zeros", "007", 2, "0.07"},
		{"2^53+1, which a float64 cannot hold", "9007199254740993", 2, "90071992547409.93"},
		{"beyond int64", "12345678901234567890123", 2, "123456789012345678901.23"},
		{"38 digits", strings.Repeat("9", 38), 0, strings.Repeat("9", 38)},
	} {
		assert.Equal(t, event.Money{Amount: tt.want, Currency: "EUR"}, event.MinorUnits(tt.digits, tt.exponent, "EUR"), tt.why)
	}
}

func TestMinorUnitsWithoutAnAmount(t *testing.T) {
	for _, tt := range []struct {
		why, digits string
		exponent    int
		currency    string
	}{
		{"no amount", "", 2, "EUR"},
		{"JSON null", "null", 2, "EUR"},
		{"zero", "0", 2, "EUR"},
		{"zero with leading zeros", "000", 2, "EUR"},
		{"negative", "-1250", 2, "EUR"},
		{"not a whole number", "12.5", 2, "EUR"},
		{"exponent notation", "1e3", 2, "EUR"},
		{"digits of another script", "١٢", 2, "EUR"},
		{"39 digits", strings.Repeat("9", 39), 2, "EUR"},
		{"a negative exponent", "1250", -1, "EUR"},
		{"no currency", "1250", 2, ""},
		{"lower case", "1250", 2, "eur"},
		{"four letters", "1250", 2, "USDC"},
	} {
		assert.Empty(t, event.MinorUnits(tt.digits, tt.exponent, tt.currency), tt.why)
	}
}

func TestMajorUnits(t *testing.T) {
	for _, decimal := range []string{
		"12.50", "500", "1.0", "5.120", "0.05",
		"9007199254740993.01", // 2^53+1, which a float64 cannot hold
		strings.Repeat("9", 36) + ".99",
	} {
		assert.Equal(t, event.Money{Amount: decimal, Currency: "EUR"}, event.MajorUnits(decimal, "EUR"), "the spelling is kept")
	}
}

func TestMajorUnitsWithoutAnAmount(t *testing.T) {
	for _, tt := range []struct{ why, decimal, currency string }{
		{"no amount", "", "EUR"},
		{"zero", "0", "EUR"},
		{"zero with decimals", "0.00", "EUR"},
		{"negative", "-12.50", "EUR"},
		{"a plus sign", "+12.50", "EUR"},
		{"no digit before the point", ".50", "EUR"},
		{"no digit after the point", "12.", "EUR"},
		{"two points", "1.2.5", "EUR"},
		{"a comma", "12,50", "EUR"},
		{"exponent notation", "1e3", "EUR"},
		{"spaces", " 12.50", "EUR"},
		{"digits of another script", "١٢", "EUR"},
		{"39 digits", strings.Repeat("9", 37) + ".99", "EUR"},
		{"no currency", "12.50", ""},
		{"lower case", "12.50", "eur"},
		{"four letters", "12.50", "USDC"},
	} {
		assert.Empty(t, event.MajorUnits(tt.decimal, tt.currency), tt.why)
	}
}

// FuzzMajorUnits checks that an amount is the input, a decimal above zero.
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

// FuzzMinorUnits compares every amount with rational arithmetic.
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
