package event

import "strings"

// Money is an exact amount.
type Money struct {
	// Amount is a positive decimal in major units: "12.50", "1000", "0.001".
	Amount string `json:"amount,omitempty"`
	// Currency is an ISO 4217 code in upper case.
	Currency string `json:"currency,omitempty"`
}

// maxDigits is the precision of the decimal columns of usual databases.
const maxDigits = 38

// MinorUnits returns the Money of an amount in minor units: MinorUnits("1250",
// 2, "EUR") is 12.50 EUR. The digits stay text, so that nothing is rounded.
//
// Money is empty unless digits is a number above zero of at most 38 decimal
// digits, exponent is not negative and currency is three capital letters.
func MinorUnits(digits string, exponent int, currency string) Money {
	significant := strings.TrimLeft(digits, "0")
	if significant == "" || len(digits) > maxDigits || !all(digits, isDigit) ||
		exponent < 0 || len(currency) != 3 || !all(currency, isCapital) {
		return Money{}
	}
	return Money{Amount: shift(significant, exponent), Currency: currency}
}

// MajorUnits returns the Money of an amount in major units: MajorUnits("12.50",
// "EUR") is 12.50 EUR. The spelling of the amount is kept.
//
// Money is empty unless decimal is a number above zero of at most 38 digits,
// with digits on both sides of a decimal point, and currency is three capital
// letters.
func MajorUnits(decimal, currency string) Money {
	whole, fraction, point := strings.Cut(decimal, ".")
	digits := whole + fraction
	if whole == "" || point && fraction == "" || len(digits) > maxDigits || !all(digits, isDigit) ||
		strings.Trim(digits, "0") == "" || len(currency) != 3 || !all(currency, isCapital) {
		return Money{}
	}
	return Money{Amount: decimal, Currency: currency}
}

// shift inserts a decimal point exponent places from the right of digits.
func shift(digits string, exponent int) string {
	if exponent == 0 {
		return digits
	}
	if missing := exponent + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - exponent
	return digits[:point] + "." + digits[point:]
}

func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(b byte) bool   { return '0' <= b && b <= '9' }
func isCapital(b byte) bool { return 'A' <= b && b <= 'Z' }
