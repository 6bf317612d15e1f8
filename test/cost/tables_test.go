package cost

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExact(t *testing.T) {
	for _, row := range []struct {
		why  string
		usd  float64
		want string
	}{
		{"cents", 3.5, "3.50"},
		{"all digits of a GB-second", 0.0000133334, "0.0000133334"},
		{"a tenth of a cent and more", 0.625, "0.625"},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, exact(row.usd)) })
	}
}

func TestKilobytes(t *testing.T) {
	assert.Equal(t, "1 KB", kilobytes(1024))
	assert.Equal(t, "2.5 KB", kilobytes(2560))
	assert.Equal(t, "10 KB", kilobytes(10240))
}
