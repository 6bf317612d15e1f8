package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimeWasUp(t *testing.T) {
	const progress = "fuzz: elapsed: 2s, execs: 32270 (15374/sec), new interesting: 0 (total: 365)\n"
	for _, row := range []struct {
		why  string
		out  string
		want bool
	}{
		{"golang/go#75804: the coordinator reports its own deadline",
			progress + "--- FAIL: FuzzVerifier (2.14s)\n    context deadline exceeded\nFAIL\nexit status 1\n", true},
		{"a finding whose message has the same words",
			progress + "--- FAIL: FuzzVerifier (0.14s)\n    --- FAIL: FuzzVerifier (0.00s)\n        fuzz_test.go:58: context deadline exceeded\n" +
				"    \n    Failing input written to testdata/fuzz/FuzzVerifier/582528ddfad69eb5\nFAIL\nexit status 1\n", false},
		{"a finding, and then the end of the time",
			progress + "    Failing input written to testdata/fuzz/FuzzVerifier/582528ddfad69eb5\n" +
				"--- FAIL: FuzzVerifier (2.14s)\n    context deadline exceeded\nFAIL\nexit status 1\n", false},
		{"a seed that fails", "--- FAIL: FuzzVerifier (0.01s)\n    --- FAIL: FuzzVerifier/seed#3 (0.00s)\nFAIL\n", false},
		{"a target that hangs",
			progress + "--- FAIL: FuzzVerifier (12.01s)\n    fuzzing process hung or terminated unexpectedly: exit status 2\nFAIL\n", false},
		{"a package that does not build", "FAIL\tgithub.com/paysluice/paysluice/handlers/event [build failed]\n", false},
	} {
		t.Run(row.why, func(t *testing.T) {
			assert.Equal(t, row.want, timeWasUp([]byte(row.out)))
		})
	}
}

func TestFindListsTheFuzzTargetsOfThisRepository(t *testing.T) {
	targets, err := find("../../..")
	require.NoError(t, err)
	assert.Contains(t, targets, target{"../../../handlers/provider/square", "FuzzVerifier"})
}
