package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
)

func TestHeaderHasOne(t *testing.T) {
	for _, tt := range []struct {
		why    string
		multi  map[string][]string
		single map[string]string
	}{
		{why: "names match in any case", multi: map[string][]string{"X-SIG": {" A b "}, "accept": {"b"}}},
		{
			why:    "multiValueHeaders alone count",
			multi:  map[string][]string{"x-sig": {" A b "}},
			single: map[string]string{"X-Sig": "other"},
		},
		{why: "without multiValueHeaders, headers", single: map[string]string{"x-Sig": " A b ", "y": "c"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			value, err := provider.NewHeader(tt.multi, tt.single).One("X-Sig")
			assert.NoError(t, err)
			assert.Equal(t, " A b ", value, "as it came")
		})
	}
}

func TestHeaderOfAList(t *testing.T) {
	h := provider.HeaderOf([]provider.Field{{Name: "accept", Value: "b"}, {Name: "x-sig", Value: "first"}})
	value, err := h.One("X-Sig")
	assert.NoError(t, err)
	assert.Equal(t, "first", value)

	_, err = provider.HeaderOf([]provider.Field{{Name: "X-Sig", Value: "first"}, {Name: "X-Sig", Value: "second"}}).One("X-Sig")
	assert.ErrorIs(t, err, provider.HeaderRepeated)
}

func TestHeaderHasNotOne(t *testing.T) {
	for _, tt := range []struct {
		why    string
		multi  map[string][]string
		single map[string]string
		want   provider.Reason
	}{
		{"no headers at all", nil, nil, provider.HeaderMissing},
		{"another one", map[string][]string{"x-sig2": {"first"}}, nil, provider.HeaderMissing},
		{
			"only in headers, which hold but the last of repeated values",
			map[string][]string{"accept": {"b"}}, map[string]string{"x-sig": "first"}, provider.HeaderMissing,
		},
		{
			"two spellings of one name: a second signature cannot hide behind another case",
			map[string][]string{"X-Sig": {"first"}, "x-sig": {"second"}}, nil, provider.HeaderRepeated,
		},
		{"two spellings in headers", nil, map[string]string{"X-Sig": "first", "x-sig": "second"}, provider.HeaderRepeated},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := provider.NewHeader(tt.multi, tt.single).One("X-Sig")
			assert.ErrorIs(t, err, tt.want)
			assert.NotContains(t, err.Error(), "first", "an error never holds a value")
		})
	}
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
