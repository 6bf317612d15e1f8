package regression

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	root = "../.."
	file = "baseline.json"
	// how is what to do about a difference that is meant.
	how = "go test ./test/regression -update"
)

var update = flag.Bool("update", false, "write what is counted into "+file)

// TestHotPathsCostWhatTheyDid is the comparison, and then one that has to fail,
// of work that is done twice. Both use one build of the program.
func TestHotPathsCostWhatTheyDid(t *testing.T) {
	p, err := build(t.Context(), root, t.TempDir())
	require.NoError(t, err)
	if p.valgrind == "" {
		t.Log("instructions are not counted: valgrind is not on the PATH")
	}
	now, err := p.count(t.Context(), t.TempDir())
	require.NoError(t, err)

	baseline, err := readBaseline(file)
	if *update {
		if !os.IsNotExist(err) {
			require.NoError(t, err)
		}
		require.NoError(t, baseline.updated(runtime.Version(), now).write(file))
		return
	}
	require.NoError(t, err)
	if !baseline.has(instructions) {
		t.Logf("the baseline has no figure %s", instructions)
	}
	if differences := baseline.differences(now); len(differences) > 0 {
		t.Errorf("The hot paths cost something else than %s says, which was counted with %s (this is %s):\n\t%s\nIf the change is meant, and looks right in the diff, update the file:\n\n\t%s\n",
			file, baseline.Go, runtime.Version(), strings.Join(differences, "\n\t"), how)
	}

	t.Run("twice the work is noticed", func(t *testing.T) {
		const one = "event/stripe"
		twice, err := p.count(t.Context(), t.TempDir(), "-only", one, "-times", "2")
		require.NoError(t, err)
		once := Baseline{Figures: Figures{one: now[one]}}

		differences := strings.Join(once.differences(twice), "\n")

		for figure := range now[one] {
			assert.Contains(t, differences, one+": "+figure+" of one operation", "each figure alone would do")
		}
		assert.Contains(t, differences, "100 % worse, and 20 % is the bound")
	})
}

func TestDifferences(t *testing.T) {
	baseline := Baseline{Figures: Figures{
		"verify": {allocations: 100, allocated: 1000, instructions: 1_000_000},
		"free":   {allocations: 0, allocated: 0, instructions: 10},
	}}
	for _, row := range []struct {
		why  string
		now  Figures
		want []string
	}{
		{"the same", Figures{
			"verify": {allocations: 100, allocated: 1000, instructions: 1_000_000},
			"free":   {allocations: 0, allocated: 0, instructions: 10},
		}, nil},
		{"at the bound, in both directions", Figures{
			"verify": {allocations: 120, allocated: 800, instructions: 1_200_000},
			"free":   {allocations: 0, allocated: 0, instructions: 12},
		}, nil},
		{"beyond it, each figure alone", Figures{
			"verify": {allocations: 121, allocated: 1201, instructions: 1_200_001},
			"free":   {allocations: 0, allocated: 0, instructions: 10},
		}, []string{
			"verify: allocations of one operation: 121 now, 100 in the baseline: 21 % worse",
			"verify: bytes of one operation: 1201 now",
			"verify: " + instructions + " of one operation: 1200001 now",
		}},
		{"better than the baseline knows", Figures{
			"verify": {allocations: 79, allocated: 1000, instructions: 1_000_000},
			"free":   {allocations: 0, allocated: 0, instructions: 10},
		}, []string{"verify: allocations of one operation: 79 now, 100 in the baseline: 21 % better"}},
		{"it was free", Figures{
			"verify": {allocations: 100, allocated: 1000, instructions: 1_000_000},
			"free":   {allocations: 1, allocated: 0, instructions: 10},
		}, []string{"free: allocations of one operation: 1 now, 0 in the baseline"}},
		{"there is no valgrind", Figures{
			"verify": {allocations: 100, allocated: 1000},
			"free":   {allocations: 0, allocated: 0},
		}, nil},
		{"another architecture than the baseline's", Figures{
			"verify": {allocations: 100, allocated: 1000, "instructions/z80": 7},
			"free":   {allocations: 0, allocated: 0, "instructions/z80": 7},
		}, nil},
		{"a new workload, and one that is gone", Figures{
			"free": {allocations: 0, allocated: 0, instructions: 10},
			"new":  {allocations: 3},
		}, []string{
			"new: allocations of one operation: 3 now, none in the baseline",
			"verify: the baseline has figures of it, and there is no such workload",
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			got := baseline.differences(row.now)
			require.Len(t, got, len(row.want), "%q", got)
			for i, want := range row.want {
				assert.Contains(t, got[i], want)
			}
		})
	}
}

func TestUpdateKeepsWhatWasNotCounted(t *testing.T) {
	old := Baseline{Go: "go1.1", Figures: Figures{
		"verify": {allocations: 1, "instructions/z80": 7},
		"gone":   {allocations: 1},
	}}
	written := filepath.Join(t.TempDir(), file)
	require.NoError(t, old.updated("go1.2", Figures{"verify": {allocations: 12.4, allocated: 123_456}}).write(written))

	got, err := readBaseline(written)

	require.NoError(t, err)
	assert.Equal(t, Baseline{Go: "go1.2", Figures: Figures{
		"verify": {allocations: 12, allocated: 123_000, "instructions/z80": 7},
	}}, got)
}

// TestCountingFails holds that what was not counted is never taken for cheap.
func TestCountingFails(t *testing.T) {
	const line = `{"Name":"a","Operations":1}`
	for _, row := range []struct{ why, printed, profile string }{
		{"the program printed something else", "panic", "totals: 0"},
		{"the profile has no sum", line, "fn=main.main\n0 7"},
		{"the profile has another sum", line, "fn=main.main\n0 7\ntotals: 8"},
		{"there are fewer profiles than lines", line + line, "fn=main.main\n0 7\ntotals: 7"},
	} {
		t.Run(row.why, func(t *testing.T) {
			_, err := program{valgrind: "valgrind"}.read(strings.NewReader(row.printed), written(t, row.profile))
			assert.ErrorIs(t, err, ErrCount)
		})
	}

	_, err := program{file: filepath.Join(t.TempDir(), "none")}.count(t.Context(), t.TempDir())
	assert.ErrorIs(t, err, ErrCount)
}

func TestProfile(t *testing.T) {
	const profile = "version: 1\npositions: line\nevents: Ir\nsummary: 99\n\n" +
		"fn=main.work\n0 100\ncfn=crypto/internal/fips140/sha256.block\ncalls=2 0\n0 4000\n0 10\n\n" +
		"fn=crypto/internal/fips140/sha256.blockAVX2.abi0\n0 4000\n\n" +
		"fn=main.count\ncfn=main.work\ncalls=1 0\n0 4110\n\ntotals: 4110\n"

	figures, err := program{valgrind: "valgrind"}.read(
		strings.NewReader(`{"Name":"a","Operations":10,"Allocations":1.5,"Bytes":64}`), written(t, profile))

	require.NoError(t, err)
	assert.Equal(t, Figures{"a": {allocations: 1.5, allocated: 64, instructions: 11}}, figures,
		"110 of ten operations: each function's own, and none of the hash's")
}

// written is the name of profiles, of which the first says that.
func written(t *testing.T, profile string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "profile")
	require.NoError(t, os.WriteFile(name+".1", []byte(profile), 0o600))
	return name
}
