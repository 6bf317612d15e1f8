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

// ArchiveSchema is the version of Archived's JSON. Later versions only add
// fields.
const ArchiveSchema = "paysluice.archive/1"

// unknownProvider stands in a key for the provider of a message that cannot be
// read.
const unknownProvider = "unknown"

// ErrArchive is the class of every error of DecodeArchived.
var ErrArchive = errors.New("not an archived message")

// Archived is a dead letter as it stands in S3. Times are epoch milliseconds.
type Archived struct {
	Schema string `json:"schema"`
	// FailureReason is what the message was sent with, or that it was received
	// too often; see docs/reasons.md.
	FailureReason string `json:"failureReason"`
	// ReceiveCount is how often SQS has handed out the message, this time
	// included.
	ReceiveCount int `json:"receiveCount"`
	// SentAt is when the message was sent; SQS keeps it when it moves the
	// message to webhook-dlq.
	SentAt          int64  `json:"sentAt"`
	FirstReceivedAt int64  `json:"firstReceivedAt"`
	ArchivedAt      int64  `json:"archivedAt"`
	Queue           string `json:"queue"` // ARN of webhook-dlq
	MessageID       string `json:"messageId"`
	// Message is the message's body as it was received, whatever it is; base64
	// in JSON. It is what a replay sends.
	Message []byte `json:"message"`
	// Event is what the message says; nil when it cannot be read.
	Event *Event `json:"event,omitempty"`
}

// EncodeArchived is the body of the S3 object.
func EncodeArchived(a Archived) []byte {
	// Marshal fails on no value of Archived: it holds strings, numbers and bytes.
	text, _ := json.Marshal(a)
	return text
}

// DecodeArchived reads what EncodeArchived wrote. The error is ErrArchive.
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

// Provider is the first segment of Key: whose webhook it was, or "unknown"
// when the message cannot be read.
func (a Archived) Provider() string {
	if a.Event == nil {
		return unknownProvider
	}
	return segment(a.Event.Provider)
}

// Key is the S3 key, the same for every delivery of a message:
// {provider}/{yyyy}/{mm}/{dd}/{eventId}-{16 hex}.json. The day, in UTC, is that
// of the webhook's receipt, and the hex digits begin the payload's hash. A
// quarantined event, which has no id, is named by its request. Of a message
// that cannot be read the day is that of its sending, its own id is the name
// and its own hash the digits.
//
// Whatever the message holds, Key is at most 450 bytes of printable ASCII
// without empty segments, "." or "..".
func (a Archived) Key() string {
	name, hash, at := a.MessageID, HashPayload(a.Message), a.SentAt
	if e := a.Event; e != nil {
		name = cmp.Or(e.ID, e.RequestID, a.MessageID)
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
	return a.Provider() + "/" + day + "/" + segment(name) + "-" + hash[:16] + ".json"
}

// Metadata is what a listing shows of the object without reading it: short
// codes, percent-encoded like the segments of Key. It is at most 1,200 bytes of
// printable ASCII, names included; S3 refuses more than 2 KB, and other
// characters, for ever (S3 User Guide, "User-defined object metadata").
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

// maxSegment is in bytes. The longest key is far from S3's 1,024, and six of
// them are far from what metadata may hold.
const maxSegment = 200

// segment makes a text fit to stand between two slashes of a key: escaped as in
// the path of a URL; replaced by its hash when that is too long; "_" for
// nothing.
func segment(s string) string {
	escaped := url.PathEscape(s)
	if strings.HasPrefix(escaped, ".") {
		escaped = "%2E" + escaped[1:] // "." and ".." are steps in a path
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

// inCalendar reports whether a time is after 1970 began and within four digits
// of a year.
func inCalendar(millis int64) bool { return 0 < millis && millis < 253402300800_000 }
