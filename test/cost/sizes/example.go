package sizes

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// examples are a provider's example events without the space between their
// tokens, as providers send them, the longest first.
type examples [][]byte

func examplesOf(root, provider string) (examples, error) {
	files, err := filepath.Glob(filepath.Join(root, "handlers", "provider", provider, "testdata", "events", "*.json"))
	if err != nil {
		return nil, err
	}
	var all examples
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, compact.Bytes())
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no example events", provider)
	}
	slices.SortFunc(all, func(a, b []byte) int { return len(b) - len(a) })
	return all, nil
}

// longest is the longest example that fits into size.
func (all examples) longest(size int) []byte {
	for _, example := range all {
		if len(example) <= size {
			return example
		}
	}
	return all[len(all)-1]
}

// body is the longest example that fits, filled up to size with spaces, which
// change nothing of what is read out of it.
func (all examples) body(size int) []byte {
	longest := all.longest(size)
	return slices.Concat(longest[:1], bytes.Repeat([]byte(" "), max(0, size-len(longest))), longest[1:])
}

// deflated is what size bytes of such text are when they are compressed.
func deflated(example []byte, size int) (int, error) {
	var short bytes.Buffer
	w, err := flate.NewWriter(&short, flate.DefaultCompression)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(example); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	return short.Len() * size / len(example), nil
}
