// Package secrets reads and changes the secret documents of a stack's providers
// (docs/secrets.md). It never returns a key in an error or a description.
package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

// Errors of documents.
var (
	// ErrMalformed reports a document that the functions would not accept.
	ErrMalformed = errors.New("the secret is malformed")
	// ErrEntry reports an entry that cannot be added or removed.
	ErrEntry = errors.New("the secret's entry")
)

// shape names the members of a provider's document.
type shape struct {
	list string // of entries
	key  string // what an entry signs or is signed with
	// title is the key's name at the provider.
	title string
}

// shapeOf returns the shape that the provider's package reads.
func shapeOf(p contract.Provider) shape {
	switch p.Name {
	case contract.PayPal().Name:
		return shape{"webhooks", "webhookId", "webhook id"}
	case contract.Square().Name:
		return shape{"subscriptions", "signatureKey", "signature key"}
	}
	return shape{"endpoints", "secret", "signing secret"}
}

// KeyTitle returns the name of an entry's key at the provider.
func KeyTitle(p contract.Provider) string { return shapeOf(p).title }

// Entry is an entry of a document.
type Entry struct {
	Label           string `json:"label"`
	Environment     string `json:"environment,omitempty"`
	NotificationURL string `json:"notificationUrl,omitempty"` // Square
	MaxAgeHours     int    `json:"maxAgeHours,omitempty"`     // Square
	OtherMode       string `json:"otherMode,omitempty"`       // Stripe

	// Key is the secret of the entry. It is in no JSON.
	Key string `json:"-"`
}

// Document is a provider's secret document. The zero value of members is an empty
// secret.
type Document struct {
	provider contract.Provider
	members  map[string]json.RawMessage
	entries  []json.RawMessage
}

// Empty returns the document of a secret that was never filled.
func Empty(p contract.Provider) Document { return Document{provider: p} }

// Parse reads a document that the functions accept. endpointURL is the stack's URL
// of the provider. The error is ErrMalformed and names each problem.
func Parse(p contract.Provider, text []byte, endpointURL string) (Document, error) {
	if err := check(p, text, endpointURL); err != nil {
		return Document{}, err
	}
	d := Document{provider: p}
	_ = json.Unmarshal(text, &d.members) // check has read the object
	if err := json.Unmarshal(d.members[shapeOf(p).list], &d.entries); err != nil {
		return Document{}, fmt.Errorf("%w: the name of the list %q has other capitals", ErrMalformed, shapeOf(p).list)
	}
	return d, nil
}

// Outline returns the entries of a text as they are, none if it is no document.
func Outline(p contract.Provider, text []byte) []Entry {
	d := Empty(p)
	_ = json.Unmarshal(text, &d.members)
	_ = json.Unmarshal(d.members[shapeOf(p).list], &d.entries)
	return d.Entries()
}

// check reports what the functions would not accept.
func check(p contract.Provider, text []byte, endpointURL string) error {
	reader, err := all.All(all.Settings{EndpointURL: endpointURL}).ByName(p.Name)
	if err == nil {
		_, err = reader.Verifier(text)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// Entries returns the entries in their order.
func (d Document) Entries() []Entry {
	key := shapeOf(d.provider).key
	found := make([]Entry, len(d.entries))
	for i, text := range d.entries {
		var members map[string]json.RawMessage
		_ = json.Unmarshal(text, &found[i]) // Parse has checked what matters
		_ = json.Unmarshal(text, &members)
		_ = json.Unmarshal(members[key], &found[i].Key)
	}
	return found
}

// Add returns the document with one more entry. The error is ErrEntry for a key
// that another entry has.
func (d Document) Add(e Entry) (Document, error) {
	for i, other := range d.Entries() {
		if other.Key == e.Key && other.NotificationURL == e.NotificationURL {
			return Document{}, fmt.Errorf("%w %d, %q, has this %s already", ErrEntry, i+1, other.Label, shapeOf(d.provider).title)
		}
	}
	text, _ := json.Marshal(e) // texts and a number cannot fail
	var members map[string]any
	_ = json.Unmarshal(text, &members)
	members[shapeOf(d.provider).key] = e.Key
	entry, _ := json.Marshal(members)
	d.entries = append(slices.Clone(d.entries), entry)
	return d, nil
}

// Find returns the index of the entry with a label. number, from 1, chooses one of
// several; 0 is for a label that one entry has. The error is ErrEntry.
func (d Document) Find(label string, number int) (int, error) {
	var found []int
	for i, e := range d.Entries() {
		if e.Label == label {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0:
		return 0, fmt.Errorf("%w %q does not exist: paysluice secrets list prints the labels", ErrEntry, label)
	case number > 0 && slices.Contains(found, number-1):
		return number - 1, nil
	case number > 0:
		return 0, fmt.Errorf("%w %d has another label than %q", ErrEntry, number, label)
	case len(found) > 1:
		return 0, fmt.Errorf("%w %q exists %d times: choose one with --number, as paysluice secrets list numbers them", ErrEntry, label, len(found))
	}
	return found[0], nil
}

// Remove returns the document without an entry. The error is ErrEntry for the
// last one, without which the functions answer 503.
func (d Document) Remove(index int) (Document, error) {
	if len(d.entries) == 1 {
		return Document{}, fmt.Errorf("%w is the only one, and without it every webhook is answered 503: add the new one first", ErrEntry)
	}
	d.entries = slices.Delete(slices.Clone(d.entries), index, index+1)
	return d, nil
}

// Text returns the document as JSON.
func (d Document) Text() []byte {
	members := map[string]any{shapeOf(d.provider).list: d.entries}
	for name, value := range d.members {
		if name != shapeOf(d.provider).list {
			members[name] = value
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(members) // what was JSON can be JSON again
	return text.Bytes()
}

// FromKey returns a document with one entry for a key alone. environment is that
// of the entry, and url Square's notification URL.
func FromKey(p contract.Provider, key, environment, url string) []byte {
	d, _ := Empty(p).Add(Entry{Label: "given", Key: key, Environment: environment, NotificationURL: url}) // no other entry has the key
	return d.Text()
}

// WithRoots returns PayPal's document with other extraRootsPem. A text that is not
// a document stays as it is.
func WithRoots(text []byte, certificates ...[]byte) []byte {
	var members map[string]any
	if json.Unmarshal(text, &members) != nil {
		return text
	}
	members["extraRootsPem"] = string(bytes.Join(certificates, nil))
	changed, _ := json.Marshal(members) // what was JSON can be JSON again
	return changed
}
