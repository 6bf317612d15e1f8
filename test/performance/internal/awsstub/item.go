package awsstub

import (
	"encoding/base64"
	"maps"
	"slices"
)

// Item is an item of the table.
type Item map[string]Attribute

// Attribute is one value of an item; the others of its fields are nil.
type Attribute struct {
	S, N, B *string `json:",omitempty"` // B is in base64
	BOOL    *bool   `json:",omitempty"`
	M       Item    `json:",omitempty"`
}

// key returns the table's key, of which an item must have both parts.
func (i Item) key() string {
	id, at := i["eventId"].S, i["timestamp"].N
	if id == nil || at == nil {
		return ""
	}
	return *id + "@" + *at
}

// Bytes returns the size that DynamoDB bills: names and values; a number takes a byte
// for each two digits and one more, a Boolean one, a map three and one more for each
// member (DynamoDB Developer Guide, "DynamoDB item sizes and formats").
func (i Item) Bytes() int {
	n := 0
	for name, value := range i {
		n += len(name) + value.bytes()
	}
	return n
}

func (a Attribute) bytes() int {
	switch {
	case a.S != nil:
		return len(*a.S)
	case a.N != nil:
		return (len(*a.N)+1)/2 + 1
	case a.B != nil:
		raw, _ := base64.StdEncoding.DecodeString(*a.B) // as the SDK wrote it
		return len(raw)
	case a.M != nil:
		return 3 + len(a.M) + a.M.Bytes()
	}
	return 1
}

// Projected returns the size of the item's entry in an index that has these keys and
// these attributes, keys included. An item without one of the keys has no entry
// (DynamoDB Developer Guide, "Take advantage of sparse indexes").
func (i Item) Projected(keys, attributes []string) int {
	for _, key := range keys {
		if _, there := i[key]; !there {
			return 0
		}
	}
	entry := maps.Clone(i)
	maps.DeleteFunc(entry, func(name string, _ Attribute) bool { return !slices.Contains(attributes, name) })
	return entry.Bytes()
}
