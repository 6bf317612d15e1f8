package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	header = `File: bootstrap
Type: cpu
Duration: 160.01s, Total samples = 20040000000ns (12.52%)
`
	dashes = "-----------+-------------------------------------------------------\n"
)

func TestParse(t *testing.T) {
	all, err := parse(header + dashes + `10000000ns   encoding/base64.assemble64 (inline)
             encoding/base64.(*Encoding).Decode
             main.main.Of[go.shape.struct { Headers map[string]string "json:\"headers\"" }].func1
` + dashes + `1500000000ns   runtime.futex
` + dashes)
	require.NoError(t, err)
	assert.Equal(t, []sample{
		{10 * time.Millisecond, []string{
			"encoding/base64.assemble64",
			"encoding/base64.(*Encoding).Decode",
			`main.main.Of[go.shape.struct { Headers map[string]string "json:\"headers\"" }].func1`,
		}},
		{1500 * time.Millisecond, []string{"runtime.futex"}},
	}, all)
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct {
		why, text string
		is        error
	}{
		{"nothing", "", ErrNotTraces},
		{"another report", header + "flat flat%\n10ns 1% f\n", ErrNotTraces},
		{"a stack without a time", header + dashes + "     runtime.futex\n", ErrNotTraces},
		{"a count instead of a time", header + dashes + "10   runtime.futex\n", ErrNotTraces},
		{"no samples", header + dashes, ErrNoSamples},
		{"nothing was spent", header + dashes + "0   runtime.futex\n", ErrNoSamples},
	} {
		_, err := parse(row.text)
		assert.ErrorIs(t, err, row.is, row.why)
	}
}

func TestPart(t *testing.T) {
	all := []sample{{3 * time.Second, []string{"a"}}, {time.Second, []string{"b"}}}
	assert.Equal(t, 0.75, part(all, func(s sample) bool { return s.frames[0] == "a" }))
}
