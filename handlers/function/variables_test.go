package function_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

func variables(env map[string]string) *function.Variables {
	return function.NewVariables(func(name string) string { return env[name] })
}

func TestVariables(t *testing.T) {
	v := variables(map[string]string{"TABLE": "t", contract.LogLevelVar: "INFO", "DAYS": "30", "HOURS": "24"})

	assert.Equal(t, "t", v.Required("TABLE"))
	assert.Equal(t, "INFO", v.LogLevel())
	assert.Equal(t, 30, v.Days("DAYS"))
	assert.Equal(t, 24*time.Hour, v.Hours("HOURS"))
	assert.Zero(t, v.Days("NO_DAYS"), "not set yet by an update")
	assert.Equal(t, "t", v.Optional("TABLE"))
	assert.Empty(t, v.Optional("MISSING"))
	require.NoError(t, v.Err())
}

func TestVariablesReportAllProblemsAtOnce(t *testing.T) {
	v := variables(map[string]string{contract.LogLevelVar: "LOUD", "DAYS": "-1", "MORE_DAYS": "soon", "HOURS": "0"})

	v.Required("TABLE")
	v.LogLevel()
	v.Days("DAYS")
	v.Days("MORE_DAYS")
	v.Hours("HOURS")
	v.Hours("NO_HOURS")

	err := v.Err()
	require.ErrorIs(t, err, function.ErrVariables)
	assert.EqualError(t, err, `environment variables: TABLE is not set; `+
		`LOG_LEVEL is "LOUD", not one of DEBUG, INFO; `+
		`DAYS is "-1", not a number of days; `+
		`MORE_DAYS is "soon", not a number of days; `+
		`HOURS is "0", not a number of hours; NO_HOURS is not set`)

	v = variables(nil)
	v.LogLevel()
	assert.EqualError(t, v.Err(), "environment variables: LOG_LEVEL is not set")
}
