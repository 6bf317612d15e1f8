package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/test/measured"
)

// topPackages are how many packages are named.
const topPackages = 10

// packageInit is what the initialisation of packages takes in all, and of those
// that take most, as medians over some processes: the Go runtime says so itself
// (package runtime, GODEBUG inittrace).
func (b *Bench) packageInit(ctx context.Context, p coldProgram, rounds int) (float64, []measured.PackageInit, error) {
	defer b.killAll()
	var totals []float64
	byPackage := map[string][]measured.PackageInit{}
	for range rounds {
		c, err := b.caller(ctx, p.program, "GODEBUG=inittrace=1")
		if err != nil {
			return 0, nil, err
		}
		text, err := c.fleet.Logged()
		if err != nil {
			return 0, nil, err
		}
		total := 0.0
		for _, i := range packageInits(text) {
			total += i.Time
			byPackage[i.Package] = append(byPackage[i.Package], i)
		}
		totals = append(totals, total)
	}
	var all []measured.PackageInit
	for name, inits := range byPackage {
		all = append(all, measured.PackageInit{
			Package: name,
			Time:    median(inits, func(i measured.PackageInit) float64 { return i.Time }),
			Bytes:   int64(median(inits, func(i measured.PackageInit) float64 { return float64(i.Bytes) })),
		})
	}
	slices.SortFunc(all, func(a, b measured.PackageInit) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(a.Package, b.Package))
	})
	return median(totals, func(t float64) float64 { return t }), all[:min(topPackages, len(all))], nil
}

// packageInits reads "init time @1.1 ms, 0.024 ms clock, 9520 bytes 27 allocs",
// with the package after init.
func packageInits(text []byte) []measured.PackageInit {
	var all []measured.PackageInit
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var i measured.PackageInit
		var at float64
		n, err := fmt.Sscanf(lines.Text(), "init %s @%f ms, %f ms clock, %d bytes", &i.Package, &at, &i.Time, &i.Bytes)
		if err == nil && n == 4 {
			all = append(all, i)
		}
	}
	return all
}
