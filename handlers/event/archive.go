package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ArchiveSchema is the version of Archived's JSON. Fields are added without a
// new version.
const ArchiveSchema = "paysluice.archive/1"

// unknownProvider is the provider of messages that cannot be decoded.
const unknownProvider = "unknown"

// ErrArchive is the class of all errors of DecodeArchived.
var ErrArchive = errors.New("not an archived message")

// Archived is a dead letter in S3. Times are in epoch milliseconds.
type Archived struct {
	Schema string `json:"schema"`
	// FailureReason is a reason code of docs/reasons.md.
	FailureReason string `json:"failureReason"`
	// ReceiveCount is the number of receives, including the archiver's.
	ReceiveCount int `json:"receiveCount"`
	// SentAt is when the message was sent to its first queue.
	SentAt          int64  `json:"sentAt"`
	FirstReceivedAt int64  `json:"firstReceivedAt"`
	ArchivedAt      int64  `json:"archivedAt"`
	Queue           string `json:"queue"` // ARN of webhook-dlq
	MessageID       string `json:"messageId"`
	// Message is the body of the message, unchanged, in base64 in JSON. A replay
	// sends it.
	Message []byte `json:"message"`
	// Event is the decoded message, nil when it cannot be decoded.
	Event *Event `json:"event,omitempty"`
}

// EncodeArchived returns the body of the S3 object.
func EncodeArchived(a Archived) []byte {
	text, _ := json.Marshal(a) // strings, numbers and bytes cannot fail
	return text
}

// DecodeArchived decodes an object of EncodeArchived. The error is ErrArchive.
func DecodeArchived(text []byte) (Archived, error) {
	var a Archived
	if err := json.Unmarshal(text, &a); err != nil {
		return Archived{}, fmt.Errorf("%w: %T", ErrArchive, err)
	}
	if a.Schema != ArchiveSchema {
		return Archived{}, fmt.Errorf("%w: its schema is not %s", ErrArchive, ArchiveSchema)
	}
	return a, nil
}

// Provider returns the provider as the first segment of Key, "unknown" when the
// message cannot be decoded.
func (a Archived) Provider() string {
	if a.Event == nil {
		return unknownProvider
	}
	return segment(a.Event.Provider)
}

// Key returns the S3 key, the same for every delivery of a message:
// {provider}/{yyyy}/{mm}/{dd}/{eventId}-{16 hex}.json. The day is the UTC day of
// the webhook's receipt. The hex digits are the first of the payload's hash. An
// event without an id has its message id. A message that cannot be decoded also uses
// its own hash and the day it was sent.
//
// Key is at most 450 bytes of printable ASCII without empty segments, "." or
// "..", whatever the message contains.
func (a Archived) Key() string {
	name, hash, at := a.MessageID, HashPayload(a.Message), a.SentAt
	if e := a.Event; e != nil {
		name = cmp.Or(e.ID, a.MessageID)
		if isHash(e.PayloadSHA256) {
			hash = e.PayloadSHA256
		}
		if inCalendar(e.ReceivedAt) {
			at = e.ReceivedAt
		}
	}
	if !inCalendar(at) {
		at = 0
	}
	day := time.UnixMilli(at).UTC().Format("2006/01/02")
	return a.Provider() + "/" + day + "/" + segment(name) + "-" + hash[:keyDigits] + keyEnd
}

const (
	keyDigits = 16 // of the payload's hash in a key
	keyEnd    = ".json"
)

// KeyPrefix returns what the keys of an event's archived messages of one day of receipt begin
// with. Keys of other events can begin with it too: an id may contain a hyphen.
func (a Archived) KeyPrefix() string {
	key := a.Key()
	return key[:len(key)-keyDigits-len(keyEnd)]
}

// HasKey reports whether a key is a Key or a MessageKey of an archived message of this event
// and day, whatever the payload and the message were.
func (a Archived) HasKey(key string) bool {
	rest, begins := strings.CutPrefix(key, a.KeyPrefix())
	rest, ends := strings.CutSuffix(rest, keyEnd)
	hash, message, _ := strings.Cut(rest, "-")
	// An event with the id "{id}-{16 hex}" has a hash where this one has a message id, which
	// begins with 8 digits: SQS's are UUIDs.
	next, _, _ := strings.Cut(message, "-")
	isDigits := func(s string) bool { return len(s) == keyDigits && isHex(s) }
	return begins && ends && isDigits(hash) && !isDigits(next)
}

// MessageKey returns the S3 key of a message when another one has its Key: Key with
// the message id before its suffix, at most 660 bytes.
func (a Archived) MessageKey() string {
	return strings.TrimSuffix(a.Key(), keyEnd) + "-" + segment(a.MessageID) + keyEnd
}

// Metadata returns the metadata of the S3 object, percent-encoded like the
// segments of Key. It is at most 1,200 bytes of printable ASCII including the
// names. S3 refuses more than 2 KB and other characters (S3 User Guide,
// "User-defined object metadata").
func (a Archived) Metadata() map[string]string {
	metadata := map[string]string{
		"failure-reason": segment(a.FailureReason),
		"message-id":     segment(a.MessageID),
		"receive-count":  strconv.Itoa(a.ReceiveCount),
	}
	if e := a.Event; e != nil {
		metadata["provider"] = segment(e.Provider)
		metadata["event-id"] = segment(e.ID)
		metadata["event-type"] = segment(e.Type)
	}
	return metadata
}

// maxSegment is the maximum length of a segment in bytes. It keeps keys below
// S3's 1,024 bytes and six metadata values below 2 KB.
const maxSegment = 200

// segment returns s as one segment of a key: escaped as in the path of a URL,
// replaced by its hash when that is too long, "_" when it is empty.
func segment(s string) string {
	escaped := url.PathEscape(s)
	if strings.HasPrefix(escaped, ".") {
		escaped = "%2E" + escaped[1:] // "." and ".." are relative paths
	}
	switch {
	case escaped == "":
		return "_"
	case len(escaped) > maxSegment:
		sum := sha256.Sum256([]byte(s))
		return "sha256-" + hex.EncodeToString(sum[:])
	}
	return escaped
}

// inCalendar reports whether a time is after 1970-01-01 and before the year
// 10000.
func inCalendar(millis int64) bool { return 0 < millis && millis < 253402300800_000 }
