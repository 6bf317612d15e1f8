package report

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrNoMarker is a document without a place for a section.
var ErrNoMarker = errors.New("no marker")

// Fill puts each section between its markers, and leaves what stands around
// them:
//
//	<!-- measured: load -->
//	<!-- end of measured: load -->
func Fill(document []byte, sections map[string]string) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		begin := []byte("<!-- measured: " + name + " -->\n")
		end := []byte("<!-- end of measured: " + name + " -->")
		before, rest, found := bytes.Cut(document, begin)
		if !found {
			return nil, fmt.Errorf("%w %q", ErrNoMarker, begin)
		}
		_, after, found := bytes.Cut(rest, end)
		if !found {
			return nil, fmt.Errorf("%w %q", ErrNoMarker, end)
		}
		section := "\n" + string(bytes.TrimSpace([]byte(sections[name]))) + "\n\n"
		document = slices.Concat(before, begin, []byte(section), end, after)
	}
	return document, nil
}
