// Package mains holds the tests that build every main package with coverage
// counters and run it for real.
package mains

// CoverDirVar names the folder that takes the counters of the binaries that
// the tests run, for go tool covdata. Without it they are thrown away. Use it
// with -count=1: a result from go's test cache writes no counters.
const CoverDirVar = "PAYSLUICE_COVERDIR"
