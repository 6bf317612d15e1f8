package decode

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a body that has a content hash. They bound the memory of
// ContentHash: 64 bytes for each member of an object that is not complete yet.
// Genuine events have about ten levels, and 4.5 MB of them fewer values.
const (
	maxDepth  = 64
	maxValues = 200_000
)

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
		// Duplicate names are found by their hashes, in less memory.
		decoder:  jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true)),
		volatile: volatile,
	}
	if h.decoder.PeekKind() != '{' {
		return ""
	}
	sum, err := h.value(1)
	if err != nil {
		return ""
	}
	if _, err := h.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return ""
	}
	return hex.EncodeToString(sum[:])
}

var (
	errBound     = errors.New("too many values or levels")
	errDuplicate = errors.New("a name occurs twice")
)

type contentSum [sha256.Size]byte

// contentHasher hashes one body. The first byte of each hashed text says its
// kind, so that no value has the hash of another kind.
type contentHasher struct {
	decoder  *jsontext.Decoder
	volatile []string
	values   int
	text     []byte                  // the last scalar
	digests  [maxDepth + 1]hash.Hash // of the open array or object of each depth
}

// digest returns the empty digest of a depth.
func (h *contentHasher) digest(depth int) hash.Hash {
	if h.digests[depth] == nil {
		h.digests[depth] = sha256.New()
	}
	h.digests[depth].Reset()
	return h.digests[depth]
}

// sum returns the hash of what was written into a digest.
func (h *contentHasher) sum(digest hash.Hash) contentSum {
	h.text = digest.Sum(h.text[:0])
	return contentSum(h.text)
}

func (h *contentHasher) value(depth int) (contentSum, error) {
	if h.values++; h.values > maxValues || depth > maxDepth {
		return contentSum{}, errBound
	}
	switch h.decoder.PeekKind() {
	case '{':
		return h.object(depth)
	case '[':
		return h.array(depth)
	}
	return h.scalar()
}

// scalar hashes a string without its escapes, and other values as written.
func (h *contentHasher) scalar() (contentSum, error) {
	value, err := h.decoder.ReadValue()
	if err != nil {
		return contentSum{}, err
	}
	h.text = h.text[:0]
	if value.Kind() == '"' {
		h.text, err = jsontext.AppendUnquote(append(h.text, '"'), value)
	} else {
		h.text = append(h.text, value...)
	}
	return sha256.Sum256(h.text), err
}

// array hashes the hashes of its elements.
func (h *contentHasher) array(depth int) (contentSum, error) {
	_, _ = h.decoder.ReadToken() // [
	digest := h.digest(depth)
	digest.Write([]byte("["))
	for h.decoder.PeekKind() != ']' {
		sum, err := h.value(depth + 1)
		if err != nil {
			return contentSum{}, err
		}
		digest.Write(sum[:])
	}
	_, _ = h.decoder.ReadToken() // ]
	return h.sum(digest), nil
}

// member is the hashes of a member's name and value.
type member struct{ name, value contentSum }

// object hashes the hashes of its members in the order of the names' hashes.
func (h *contentHasher) object(depth int) (contentSum, error) {
	_, _ = h.decoder.ReadToken() // {
	var members []member
	for h.decoder.PeekKind() != '}' {
		name, err := h.scalar()
		if err != nil {
			return contentSum{}, err
		}
		if depth == 1 && slices.Contains(h.volatile, string(h.text[1:])) {
			if err := h.decoder.SkipValue(); err != nil {
				return contentSum{}, err
			}
			continue
		}
		value, err := h.value(depth + 1)
		if err != nil {
			return contentSum{}, err
		}
		if len(members) == cap(members) {
			members = slices.Grow(members, len(members)+1) // doubling makes less garbage than append
		}
		members = append(members, member{name, value})
	}
	_, _ = h.decoder.ReadToken() // }
	return h.sumMembers(h.digest(depth), members)
}

func (h *contentHasher) sumMembers(digest hash.Hash, members []member) (contentSum, error) {
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(a.name[:], b.name[:]) })
	digest.Write([]byte("{"))
	for i := range members {
		if i > 0 && members[i].name == members[i-1].name {
			return contentSum{}, errDuplicate
		}
		digest.Write(members[i].name[:])
		digest.Write(members[i].value[:])
	}
	return h.sum(digest), nil
}
