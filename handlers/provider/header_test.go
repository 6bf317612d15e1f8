package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
)

func TestNewHeader(t *testing.T) {
	for _, tt := range []struct {
		why    string
		multi  map[string][]string
		single map[string]string
		want   provider.Header
	}{
		{"no headers at all", nil, nil, provider.Header{}},
		{
			why:   "names match in any case",
			multi: map[string][]string{"Stripe-Signature": {"a"}, "ACCEPT": {"b"}},
			want:  provider.Header{"stripe-signature": {"a"}, "accept": {"b"}},
		},
		{
			why:   "values keep their case, spaces and order",
			multi: map[string][]string{"X": {" B", "a "}},
			want:  provider.Header{"x": {" B", "a "}},
		},
		{
			why:    "multiValueHeaders alone count: headers holds but the last of repeated values",
			multi:  map[string][]string{"x": {"a", "b"}},
			single: map[string]string{"x": "b", "y": "c"},
			want:   provider.Header{"x": {"a", "b"}},
		},
		{
			why:    "without multiValueHeaders, headers",
			single: map[string]string{"X": "a"},
			want:   provider.Header{"x": {"a"}},
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, tt.want, provider.NewHeader(tt.multi, tt.single))
		})
	}
}

// TestNewHeaderFoldsSpellings: two spellings of one name are two values, so
// that a second signature cannot hide behind another case.
func TestNewHeaderFoldsSpellings(t *testing.T) {
	multi := provider.NewHeader(map[string][]string{"X-Sig": {"a"}, "x-sig": {"b"}}, nil)
	assert.ElementsMatch(t, []string{"a", "b"}, multi["x-sig"])

	single := provider.NewHeader(nil, map[string]string{"X-Sig": "a", "x-sig": "b"})
	assert.ElementsMatch(t, []string{"a", "b"}, single["x-sig"])
}

func TestHeaderOne(t *testing.T) {
	h := provider.NewHeader(map[string][]string{
		"X-One":   {"value"},
		"X-Empty": {""},
		"X-None":  {},
		"X-Two":   {"first", "second"},
		"X-Half":  {"first", ""},
	}, nil)

	value, err := h.One("x-ONE")
	assert.NoError(t, err)
	assert.Equal(t, "value", value)

	for _, tt := range []struct {
		name string
		want provider.Reason
	}{
		{"X-Absent", provider.HeaderMissing},
		{"X-None", provider.HeaderMissing},
		{"X-Empty", provider.HeaderMissing},
		{"X-Two", provider.HeaderRepeated},
		{"X-Half", provider.HeaderRepeated}, // a second, empty one is still a second
	} {
		t.Run(tt.name, func(t *testing.T) {
			value, err := h.One(tt.name)
			assert.Empty(t, value)
			assert.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, tt.name)
			assert.NotContains(t, err.Error(), "first", "an error never holds a value")
		})
	}
}
