package query

import (
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/event"
)

// Listed is an event as an index has it. Its JSON lacks the members of event.Event that
// no index projects and that would be printed empty.
type Listed struct {
	event.Event
	Schema        string `json:"schema,omitempty"`
	PayloadSHA256 string `json:"payloadSha256,omitempty"`
}

// AsListed returns the events of a list as Listed.
func AsListed(events iter.Seq2[event.Event, error]) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		for e, err := range events {
			if !yield(Listed{Event: e}, err) {
				return
			}
		}
	}
}

// row is an item of the table. If the item is not an event, row has only its key and err.
type row struct {
	event.Event
	err error // table.ErrItem
}

// newRow reads an item. Somebody may have written it by hand, so that no row may hide others.
func newRow(item map[string]types.AttributeValue) row {
	e, err := table.FromItem(item)
	if err == nil {
		return row{Event: e}
	}
	var at string
	e.ID, at = table.Key(item)
	e.Timestamp, _ = strconv.ParseInt(at, 10, 64) // 0 for a fraction, which the error shows
	return row{e, fmt.Errorf("row of eventId %q, timestamp %s: %w", e.ID, at, err)}
}

// Readable returns a sequence without the rows that are not events. left gets the error of
// each: it names the row's key.
func Readable[T any](rows iter.Seq2[T, error], left func(error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for r, err := range rows {
			if errors.Is(err, table.ErrItem) {
				left(err)
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
