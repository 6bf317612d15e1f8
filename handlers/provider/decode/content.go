package decode

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a body that has a content hash. They bound the memory of ContentHash: twice
// the body, and 16 bytes for each member of an object that is not complete yet. Genuine
// events have about ten levels, and 4.5 MB of them fewer values.
const (
	maxDepth  = 64
	maxValues = 200_000
)

// maxCanonical is the maximum length of an array or object in the canonical text, in
// bytes. The hash of a longer one replaces it, so that sorting the objects around it
// does not move it again.
const maxCanonical = 4 << 10

// ContentHash returns the SHA-256, in lower-case hex, of what a JSON object
// says. The order of members, white space and escapes do not change it. Numbers
// are hashed as they are written. Top-level members with a volatile name are left
// out.
//
// It is empty if only bytes can say whether two bodies are equal: a body that
// is not one JSON object in UTF-8, that has a name twice in an object, or that
// exceeds 64 levels or 200,000 values.
func ContentHash(body []byte, volatile ...string) string {
	h := contentHasher{
		// sort finds duplicate names in less memory.
		decoder:  jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true)),
		volatile: volatile,
		text:     make([]byte, 0, 2*len(body)), // room to sort
		members:  make([]member, 0, 64),
	}
	if h.decoder.PeekKind() != '{' || h.value(1) != nil {
		return ""
	}
	if _, err := h.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return ""
	}
	sum := sha256.Sum256(h.text)
	return hex.EncodeToString(sum[:])
}

var (
	errBound     = errors.New("too many values or levels")
	errDuplicate = errors.New("a name occurs twice")
)

// end ends every value in the canonical text but a hash, which has a fixed length. It is
// no byte of UTF-8, so no string or number contains it.
const end = 0xff

// contentHasher writes the canonical text of one body, which only bodies with equal
// content share. It has no white space, commas, colons or escapes, and its members are
// sorted. The first byte of a value says its kind: # is a hash.
type contentHasher struct {
	decoder  *jsontext.Decoder
	volatile []string
	values   int
	text     []byte
	members  []member // of the open objects
}

// member is where a member begins and ends in the canonical text.
type member struct{ from, to int }

func (h *contentHasher) value(depth int) error {
	if h.values++; h.values > maxValues || depth > maxDepth {
		return errBound
	}
	start := len(h.text)
	var err error
	switch h.decoder.PeekKind() {
	case '{':
		err = h.object(depth)
	case '[':
		err = h.array(depth)
	default:
		return h.scalar()
	}
	if err != nil {
		return err
	}
	if h.text = append(h.text, end); len(h.text)-start > maxCanonical {
		sum := sha256.Sum256(h.text[start:])
		h.text = append(append(h.text[:start], '#'), sum[:]...)
	}
	return nil
}

// scalar writes a string without its escapes, and other values as written.
func (h *contentHasher) scalar() error {
	value, err := h.decoder.ReadValue()
	if err != nil {
		return err
	}
	if bytes.IndexByte(value, '\\') < 0 {
		h.text = append(h.text, bytes.TrimSuffix(value, []byte(`"`))...)
	} else {
		h.text, err = jsontext.AppendUnquote(append(h.text, '"'), value)
	}
	h.text = append(h.text, end)
	return err
}

func (h *contentHasher) array(depth int) error {
	_, _ = h.decoder.ReadToken() // [
	h.text = append(h.text, '[')
	for h.decoder.PeekKind() != ']' {
		if err := h.value(depth + 1); err != nil {
			return err
		}
	}
	_, _ = h.decoder.ReadToken() // ]
	return nil
}

// object writes its members in the order of their names.
func (h *contentHasher) object(depth int) error {
	_, _ = h.decoder.ReadToken() // {
	h.text = append(h.text, '{')
	start, first := len(h.text), len(h.members)
	for h.decoder.PeekKind() != '}' {
		at := len(h.text)
		if err := h.scalar(); err != nil {
			return err
		}
		if name := h.text[at+1 : len(h.text)-1]; depth == 1 && slices.Contains(h.volatile, string(name)) {
			h.text = h.text[:at]
			if err := h.decoder.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if err := h.value(depth + 1); err != nil {
			return err
		}
		h.members = append(h.members, member{at, len(h.text)})
	}
	_, _ = h.decoder.ReadToken() // }
	members := h.members[first:]
	h.members = h.members[:first]
	return h.sort(start, members)
}

// sort sorts the members of an object, which begin at start and end the text. Members
// with one name are neighbours then.
func (h *contentHasher) sort(start int, members []member) error {
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(h.text[a.from:a.to], h.text[b.from:b.to]) })
	unsorted := len(h.text)
	var name []byte
	for _, m := range members {
		text := h.text[m.from:m.to]
		if name != nil && bytes.HasPrefix(text, name) {
			return errDuplicate
		}
		name = text[:bytes.IndexByte(text, end)+1]
		h.text = append(h.text, text...)
	}
	copy(h.text[start:], h.text[unsorted:])
	h.text = h.text[:unsorted]
	return nil
}
