package source

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// Bounds of a list. An empty element needs many times the memory of its bytes.
const (
	// maxElements bounds an array of a response. Pages of 100 are asked for.
	maxElements = 1000
	// maxPages bounds a list of events: a million of them. maxEndpointPages bounds a list of endpoints.
	maxPages, maxEndpointPages = 10_000, 10
	// maxPlace bounds each text that names the next page.
	maxPlace = 8 << 10
)

// listing is a list that comes in pages. read reads the page of a query, and returns the
// query of the next page, nil for the last.
type listing[T any] struct {
	query url.Values // of the first page
	read  func(ctx context.Context, query url.Values) (elements []T, next url.Values, err error)
	most  int // pages
}

// each yields the elements of all pages. It reports whether it came to the end.
func (l listing[T]) each(ctx context.Context, yield func(T, error) bool) bool {
	var none T
	query := l.query
	for page := 0; query != nil; page++ {
		elements, next, err := l.read(ctx, query)
		if err == nil && next != nil && page+1 == l.most {
			err = fmt.Errorf("%w: a list has more than %d pages", ErrAnswer, l.most)
		}
		if err == nil && isLong(next) {
			err = fmt.Errorf("%w: the place of the next page has more than %d bytes", ErrAnswer, maxPlace)
		}
		if err != nil {
			yield(none, err)
			return false
		}
		for _, e := range elements {
			if !yield(e, nil) {
				return false
			}
		}
		query = next
	}
	return true
}

// isLong reports whether a query has a long text.
func isLong(query url.Values) bool {
	for name, values := range query {
		for _, value := range values {
			if len(name)+len(value) > maxPlace {
				return true
			}
		}
	}
	return false
}

// all returns the elements of all pages. With an error they are of no use.
func (l listing[T]) all(ctx context.Context) (all []T, err error) {
	l.each(ctx, func(e T, failed error) bool {
		all, err = append(all, e), failed
		return true
	})
	return all, err
}

// few are the elements of an array that has at most maxElements.
type few[T any] []T

var errMany = fmt.Errorf("an array has more than %d elements", maxElements)

// UnmarshalJSON implements json.Unmarshaler.
func (f *few[T]) UnmarshalJSON(text []byte) error {
	if elements(text) > maxElements {
		return errMany
	}
	return json.Unmarshal(text, (*[]T)(f))
}

// elements returns the number of elements of a JSON array. It counts an empty one as one.
func elements(array []byte) int {
	depth, commas, quoted := 0, 0, false
	for i := 0; i < len(array); i++ {
		switch c := array[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[', c == '{':
			depth++
		case c == ']', c == '}':
			depth--
		case c == ',' && depth == 1:
			commas++
		}
	}
	return commas + 1
}
