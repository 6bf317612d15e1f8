package regression

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// hashing begins the names of the functions that are left out of the count. The
// CPU that valgrind shows has no SHA instructions, and without them hashing takes
// ten times as many others: it would be a quarter of processor/stripe, of whose
// time it is 6 %, and a regression beside it would look smaller than it is.
const hashing = "fn=crypto/internal/fips140/sha256.block"

// instructionsIn is the sum of a profile, hashing apart (Valgrind User Manual,
// "Callgrind Format Specification", without compression).
func instructionsIn(file string) (float64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCount, err)
	}
	var (
		all, hashed float64
		totals      = -1.0
		inHashing   bool
		inCalled    bool // the next cost is of the function that is called, and stands there too
	)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		position, cost, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "fn="):
			inHashing = strings.HasPrefix(line, hashing)
		case strings.HasPrefix(line, "calls="):
			inCalled = true
		case position == "totals:":
			totals = number(cost)
		case !isNumber(position):
		case inCalled:
			inCalled = false
		default:
			all += number(cost)
			if inHashing {
				hashed += number(cost)
			}
		}
	}
	if all != totals {
		return 0, fmt.Errorf("%w: %s has %.0f instructions, and its totals are %.0f", ErrCount, file, all, totals)
	}
	return all - hashed, nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// number is 0 for what is none, so that the sum is not that of the totals.
func number(s string) float64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return float64(n)
}
