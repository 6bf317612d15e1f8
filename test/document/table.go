package document

import (
	"math"
	"strconv"
	"strings"
)

// Table is a table in Markdown. A column is aligned to the right unless it is
// the first or its title ends with a space.
func Table(titles []string, rows [][]string) string {
	var text strings.Builder
	line := func(cells []string) { text.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	rule := make([]string, len(titles))
	trimmed := make([]string, len(titles))
	for i, title := range titles {
		rule[i] = "---:"
		if i == 0 || strings.HasSuffix(title, " ") {
			rule[i] = "---"
		}
		trimmed[i] = strings.TrimSpace(title)
	}
	line(trimmed)
	line(rule)
	for _, row := range rows {
		line(row)
	}
	return text.String()
}

// Dollars has cents, and more digits for what is less than ten cents.
func Dollars(usd float64) string {
	decimals := 2
	if usd != 0 && math.Abs(usd) < 0.1 {
		decimals = 1 - int(math.Floor(math.Log10(math.Abs(usd))))
	}
	// Half a cent is rounded up, as a reader with a pencil would.
	text := "$" + group(strconv.FormatFloat(math.Abs(usd)*(1+1e-9), 'f', decimals, 64))
	if usd < 0 {
		return "−" + text
	}
	return text
}

// Number has that many decimals, and commas between thousands.
func Number(n float64, decimals int) string {
	text := group(strconv.FormatFloat(math.Abs(n), 'f', decimals, 64))
	if n < 0 {
		return "−" + text
	}
	return text
}

// group puts commas between the thousands of a decimal without a sign.
func group(decimal string) string {
	whole, fraction, point := strings.Cut(decimal, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		return whole + "." + fraction
	}
	return whole
}
