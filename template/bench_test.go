package template

import "testing"

func BenchmarkJSON(b *testing.B) {
	for b.Loop() {
		if _, err := JSON(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
