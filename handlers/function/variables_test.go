package function_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
)

func reader(env map[string]string) *function.Variables {
	return function.NewVariables(func(name string) string { return env[name] })
}

func TestReaderReads(t *testing.T) {
	r := reader(map[string]string{"TABLE": "t", "LEVEL": "INFO", "DAYS": "30"})

	assert.Equal(t, "t", r.Required("TABLE"))
	assert.Equal(t, "INFO", r.OneOf("LEVEL", "DEBUG", "INFO"))
	assert.Equal(t, 30, r.Days("DAYS"))
	assert.Equal(t, "t", r.Optional("TABLE"))
	assert.Empty(t, r.Optional("MISSING"))
	require.NoError(t, r.Err())
}

func TestReaderNamesEverythingWrongAtOnce(t *testing.T) {
	r := reader(map[string]string{"LEVEL": "LOUD", "DAYS": "-1", "MORE_DAYS": "soon"})

	r.Required("TABLE")
	r.OneOf("LEVEL", "DEBUG", "INFO")
	r.OneOf("OTHER", "A")
	r.Days("DAYS")
	r.Days("MORE_DAYS")
	r.Days("NO_DAYS")

	err := r.Err()
	require.ErrorIs(t, err, function.ErrVariables)
	assert.EqualError(t, err, `environment variables: TABLE is not set; `+
		`LEVEL is "LOUD", which is none of DEBUG, INFO; OTHER is not set; `+
		`DAYS is "-1", which is not a number of days; `+
		`MORE_DAYS is "soon", which is not a number of days; NO_DAYS is not set`)
}
