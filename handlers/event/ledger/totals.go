package ledger

import (
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/event"
)

// Totals are exact sums in one currency, as decimals in major units with the most
// decimals that an amount had.
type Totals struct {
	Currency string `json:"currency"`
	Paid     string `json:"paid"`
	// Refunded is the sum of the refunds with a success as their newest state.
	Refunded string `json:"refunded"`
	// Disputed is the sum of open disputes and inquiries, whether or not the provider
	// withholds the money.
	Disputed string `json:"disputed"`
	// Lost is the sum of the reversals, or of the lost disputes of a payment without
	// reversals.
	Lost string `json:"lost"`
}

// amount is an exact decimal.
type amount struct {
	value    big.Rat
	decimals int
}

// add adds a readable amount.
func (a *amount) add(text string) {
	value, _ := new(big.Rat).SetString(text)
	a.value.Add(&a.value, value)
	_, fraction, _ := strings.Cut(text, ".")
	a.decimals = max(a.decimals, len(fraction))
}

func (a *amount) plus(b *amount) *amount {
	var total amount
	total.value.Add(&a.value, &b.value)
	return &total
}

func (a *amount) positive() bool       { return a.value.Sign() > 0 }
func (a *amount) above(b *amount) bool { return a.value.Cmp(&b.value) > 0 }

// readable reports whether a Money is an exact amount above zero.
func readable(m event.Money) bool {
	return event.MajorUnits(m.Amount, m.Currency) != event.Money{}
}

// sum is one of the sums of a currency.
type sum int

const (
	paid sum = iota
	refunded
	disputed
	lost
	numSums
)

type amounts [numSums]amount

func (a *amounts) add(t Totals) {
	a[paid].add(t.Paid)
	a[refunded].add(t.Refunded)
	a[disputed].add(t.Disputed)
	a[lost].add(t.Lost)
}

// sums are amounts by currency.
type sums map[string]*amounts

func (s sums) amounts(currency string) *amounts {
	if s[currency] == nil {
		s[currency] = new(amounts)
	}
	return s[currency]
}

func (s sums) totals() []Totals {
	var totals []Totals
	for _, currency := range slices.Sorted(maps.Keys(s)) {
		a := s[currency]
		decimals := max(a[paid].decimals, a[refunded].decimals, a[disputed].decimals, a[lost].decimals)
		totals = append(totals, Totals{
			Currency: currency,
			Paid:     a[paid].value.FloatString(decimals),
			Refunded: a[refunded].value.FloatString(decimals),
			Disputed: a[disputed].value.FloatString(decimals),
			Lost:     a[lost].value.FloatString(decimals),
		})
	}
	return totals
}
