package functions

import (
	_ "embed"
	"time"
)

// profiledSource is one more file of the processor's, kept as a text: it is no
// program by itself.
//
//go:embed profiled.go.txt
var profiledSource string

// Profiled is the processor that writes a CPU profile of itself, see
// ProfileVariables.
func Profiled() Variant {
	return Variant{Name: "profiled", Added: map[string]string{"cmd/lambdas/processor/profiled.go": profiledSource}}
}

// ProfileVariables make it write the profile of a while after its start into a
// folder, as {pid}.pprof.
func ProfileVariables(folder string, after, window time.Duration) []string {
	return []string{
		"PROFILE_FOLDER=" + folder,
		"PROFILE_AFTER=" + after.String(),
		"PROFILE_FOR=" + window.String(),
	}
}
