package hostile

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// maxLevels is how deep JSON is read; a body of a few levels around a shape stays
// below 10,000.
const maxLevels = 9900

// shape makes a JSON value of about size bytes.
type shape struct {
	name string
	make func(size, levels int) string
}

// shapes are values that cost a reader more than their bytes. Those that are nested
// use up memory for each level, the wide ones for each element or member, and
// the last ones for each escape or digit.
func shapes() []shape {
	return []shape{
		{"deep, then thousands of objects", func(size, levels int) string {
			return nest(`{"":`, "}", levels, "["+list(`{"":{}}`, size-5*levels)+"]")
		}},
		{"objects on every level", func(size, levels int) string {
			each := max(1, size/levels-10)
			return nest(`{"a":[`+list(`{"":{}}`, each)+`],"":`, "}", levels, "{}")
		}},
		{"deep arrays", func(size, levels int) string {
			return nest("[[],", "]", levels, "["+list("[]", size-5*levels)+"]")
		}},
		{"an array of numbers", func(size, _ int) string { return "[" + list("0", size) + "]" }},
		{"an array of objects", func(size, _ int) string { return "[" + list(`{"":{}}`, size) + "]" }},
		{"an array of arrays", func(size, _ int) string { return "[" + list("[]", size) + "]" }},
		{"members with one name", func(size, _ int) string { return "{" + list(`"":0`, size) + "}" }},
		{"members with many names", func(size, _ int) string {
			var b strings.Builder
			for i := 0; b.Len() < size; i++ {
				fmt.Fprintf(&b, `"%x":0,`, i)
			}
			return "{" + b.String() + `"":0}`
		}},
		{"values of wrong types", func(size, _ int) string {
			return "{" + list(`"id":7,"object":[],"status":{},"amount":"x","links":[7]`, size) + "}"
		}},
		{"a text of escapes", func(size, _ int) string { return `"` + strings.Repeat(`\u0000`, size/6) + `"` }},
		{"a long name", func(size, _ int) string { return `{"` + strings.Repeat(`\ud83d\ude00`, size/12) + `":0}` }},
		{"a long number", func(size, _ int) string { return strings.Repeat("1", size) }},
	}
}

func nest(open, end string, levels int, inner string) string {
	return strings.Repeat(open, levels) + inner + strings.Repeat(end, levels)
}

// list returns elements with commas between them.
func list(element string, size int) string {
	return strings.Repeat(element+",", max(0, size/(len(element)+1)-1)) + element
}

// places are where a provider's body can have a value: beside everything that is
// read, in the object that is read, or in place of it.
func places() []string {
	return []string{
		`"a":%s`,
		`"data":{"type":"payment","object":{"payment":{"a":%[1]s},"id":"x","object":"charge","metadata":%[1]s}},"resource":{"a":%[1]s}`,
		`"data":%[1]s,"resource":%[1]s`,
		`"pending_webhooks":%[1]s,"links":%[1]s`,
	}
}

// draw returns members of at most size bytes with a shape in some place.
func draw(rng *rand.Rand, s shape, size int) (name, members string) {
	place := places()[rng.IntN(len(places()))]
	levels := []int{maxLevels, maxLevels, 1 + rng.IntN(maxLevels), 64, 63}[rng.IntN(5)]
	values := strings.Count(place, "%")
	levels = min(levels, size/values/20)    // no shape needs more than 19 bytes for a level
	for most := size; ; most -= size / 10 { // some shapes exceed the size that they are given
		value := s.make(max(1, most/values-100), levels)
		if members = fmt.Sprintf(place, value); len(members) <= size {
			return fmt.Sprintf("%s, %d levels, %d bytes, in %.12s…", s.name, levels, len(value), place), members
		}
	}
}
