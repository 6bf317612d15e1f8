package stripe

import (
	"cmp"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// body is what is read of an Event object. Everything but id and type is
// optional (see package envelope); of an optional member that stands twice the
// last counts, as always in encoding/json.
type body struct {
	ID         decode.Member  `json:"id"`
	Type       decode.Member  `json:"type"`
	Created    decode.Member  `json:"created"`
	Object     string         `json:"object"`
	APIVersion string         `json:"api_version"`
	Account    string         `json:"account"`
	Livemode   jsontext.Value `json:"livemode"`

	Data struct {
		Object object `json:"object"`
	} `json:"data"`

	// Of thin events only.
	Context       string    `json:"context"`
	SnapshotEvent reference `json:"snapshot_event"`
	RelatedObject struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"related_object"`
}

// created is the time of creation in epoch milliseconds, 0 when unreadable.
// Snapshot events have unix seconds, thin ones RFC 3339.
func (b *body) created() int64 {
	return cmp.Or(b.Created.Seconds(), b.Created.RFC3339())
}

// livemode is nil unless the body says true or false.
func (b *body) livemode() *bool {
	switch string(b.Livemode) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	return nil
}
