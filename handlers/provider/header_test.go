package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
)

func TestHeaderHasOne(t *testing.T) {
	h := provider.NewHeader([]provider.Field{{Name: "accept", Value: "b"}, {Name: "X-SIG", Value: " A b "}, {Name: "x-sig2", Value: "c"}})
	for _, name := range []string{"X-SIG", "x-sig", "X-Sig"} {
		value, err := h.Value(name)
		assert.NoError(t, err, "names match in any case")
		assert.Equal(t, " A b ", value, "as it came")
	}
}

func TestHeaderHasNotOne(t *testing.T) {
	for _, row := range []struct {
		why    string
		fields []provider.Field
		want   provider.Reason
	}{
		{"no headers at all", nil, provider.HeaderMissing},
		{"another one", []provider.Field{{Name: "x-sig2", Value: "first"}}, provider.HeaderMissing},
		{"an empty one", []provider.Field{{Name: "X-Sig"}}, provider.HeaderMissing},
		{"two", []provider.Field{{Name: "X-Sig", Value: "first"}, {Name: "X-Sig", Value: "second"}}, provider.HeaderRepeated},
		{"a second, empty one is still a second", []provider.Field{{Name: "X-Sig", Value: "first"}, {Name: "X-Sig"}}, provider.HeaderRepeated},
		{
			"two spellings of one name: a second signature cannot hide behind another case",
			[]provider.Field{{Name: "X-Sig", Value: "first"}, {Name: "x-sig", Value: "second"}}, provider.HeaderRepeated,
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			value, err := provider.NewHeader(row.fields).Value("X-Sig")
			assert.Empty(t, value)
			assert.ErrorIs(t, err, row.want)
			assert.ErrorContains(t, err, "X-Sig")
			assert.NotContains(t, err.Error(), "first", "an error never holds a value")
		})
	}
}
