// Package failure reads the archive of webhooks that could not be stored.
package failure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/event"
)

// Storage says whether an object can be read.
type Storage string

// Values of Storage.
const (
	Readable  Storage = ""
	Glacier   Storage = "glacier"   // it must be restored first
	Restoring Storage = "restoring" // a restore is under way
)

// NotAMessage is the Reason of an object that is not an archived message.
const NotAMessage = "not an archived message"

// Failure is an archived message. Times are in epoch milliseconds. An object that
// is in Glacier has only the fields of its key and metadata.
type Failure struct {
	Key      string  `json:"key"`
	Provider string  `json:"provider"`
	Reason   string  `json:"failureReason"`
	Storage  Storage `json:"storage,omitempty"`

	EventID      string `json:"eventId,omitempty"`
	Type         string `json:"type,omitempty"`
	MessageID    string `json:"messageId,omitempty"`
	ReceiveCount int    `json:"receiveCount,omitempty"`
	SentAt       int64  `json:"sentAt,omitempty"`
	ArchivedAt   int64  `json:"archivedAt"`
	// Event has no payload. It is nil for a message that cannot be decoded.
	Event *event.Event `json:"event,omitempty"`

	Message []byte `json:"-"` // the body of the message
	Payload []byte `json:"-"` // the webhook's body; empty if it is in the bucket
	// OwnKeys are the keys under which the archiver puts the message.
	OwnKeys []string `json:"-"`
}

// Day returns the UTC day of the webhook's receipt, which is part of the key, or ""
// for a key of another form.
func (f Failure) Day() string { return day(f.Key) }

// Client is the subset of the S3 API that an Archive calls.
type Client interface {
	bucket.ArchiveClient
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	RestoreObject(context.Context, *s3.RestoreObjectInput, ...func(*s3.Options)) (*s3.RestoreObjectOutput, error)
}

// Archive is the archive in a stack's bucket.
type Archive struct {
	client   Client
	bucket   string
	messages *bucket.Archive
}

// New returns the archive in the bucket of that name.
func New(client Client, name string) *Archive {
	return &Archive{client: client, bucket: name, messages: bucket.NewArchive(client, name)}
}

// ErrMissing reports that the archive has nothing under a key.
var ErrMissing = errors.New("the archive has no such key")

// Get returns the message under a key. The error is ErrMissing without one.
func (a *Archive) Get(ctx context.Context, key string) (Failure, error) {
	return a.get(ctx, object{key: key})
}

// storageOf reads the object's class and the header x-amz-restore, such as
// ongoing-request="false", expiry-date="…" (S3 API Reference, HeadObject).
func storageOf(head *s3.HeadObjectOutput) Storage {
	restore := aws.ToString(head.Restore)
	switch {
	case !isCold(string(head.StorageClass)), strings.Contains(restore, `ongoing-request="false"`):
		return Readable
	case restore != "":
		return Restoring
	}
	return Glacier
}

// isCold reports whether objects of a storage class must be restored before a
// read.
func isCold(class string) bool {
	return class == string(types.StorageClassGlacier) || class == string(types.StorageClassDeepArchive)
}

// get reads an object, or the metadata of one in Glacier.
func (a *Archive) get(ctx context.Context, o object) (Failure, error) {
	provider, _, _ := strings.Cut(o.key, "/")
	f := Failure{Key: o.key, Provider: provider}
	if o.cold {
		if f, err := a.head(ctx, f); err != nil || f.Storage != Readable {
			return f, err
		}
	}
	m, err := a.messages.Get(ctx, o.key)
	if _, cold := errors.AsType[*types.InvalidObjectState](err); cold {
		return a.head(ctx, f)
	}
	_, missing := errors.AsType[*types.NoSuchKey](err)
	switch {
	case errors.Is(err, event.ErrArchive):
		f.Reason, f.ArchivedAt = NotAMessage, o.at.UnixMilli()
		return f, nil
	case missing:
		return Failure{}, fmt.Errorf("%w: %s", ErrMissing, o.key)
	case err != nil:
		return Failure{}, err
	}
	return f.withMessage(m), nil
}

// head adds what S3 says about an object without reading it.
func (a *Archive) head(ctx context.Context, f Failure) (Failure, error) {
	head, err := a.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.bucket, Key: &f.Key})
	if err != nil {
		return Failure{}, fmt.Errorf("s3://%s/%s: %w", a.bucket, f.Key, err)
	}
	f.Storage, f.ArchivedAt = storageOf(head), aws.ToTime(head.LastModified).UnixMilli()
	return f.withMetadata(head.Metadata), nil
}

// withMetadata adds what the archiver wrote into the object's metadata.
func (f Failure) withMetadata(metadata map[string]string) Failure {
	for name, field := range map[string]*string{
		"failure-reason": &f.Reason, "message-id": &f.MessageID, "event-id": &f.EventID, "event-type": &f.Type,
	} {
		// The archiver's escapes are valid. Those of others show as they are.
		text, err := url.PathUnescape(metadata[name])
		switch {
		case err != nil:
			text = metadata[name]
		case text == "_": // the archiver's escape of nothing
			text = ""
		}
		*field = text
	}
	f.Reason = cmp.Or(f.Reason, NotAMessage)
	return f
}

// withMessage adds the fields of a message.
func (f Failure) withMessage(m event.Archived) Failure {
	f.Reason, f.MessageID, f.ReceiveCount, f.SentAt = m.FailureReason, m.MessageID, m.ReceiveCount, m.SentAt
	f.ArchivedAt, f.Message = m.ArchivedAt, m.Message
	// The object's event is not used: anybody who can write the object can set it. The
	// consumer reads the message.
	m.Event = nil
	if e, err := event.DecodeReceipt(string(m.Message)); err == nil {
		m.Event = &e
		f.EventID, f.Type, f.Payload = e.ID, e.Type, e.Payload
		shown := e
		shown.Payload = nil
		f.Event = &shown
	}
	f.OwnKeys = []string{m.Key(), m.MessageKey()}
	return f
}

// receivedAt returns when the webhook was received, the zero time if that is not
// known.
func (f Failure) receivedAt() time.Time {
	switch {
	case f.Event != nil && f.Event.ReceivedAt > 0:
		return time.UnixMilli(f.Event.ReceivedAt)
	case f.SentAt > 0:
		return time.UnixMilli(f.SentAt)
	}
	return time.Time{}
}

// Tiers returns the speeds of Restore, the cheapest first.
func Tiers() []string {
	return []string{string(types.TierBulk), string(types.TierStandard), string(types.TierExpedited)}
}

// Restore asks S3 to make a readable copy of an object in Glacier for a number of
// days, at one of the speeds of Tiers.
func (a *Archive) Restore(ctx context.Context, key string, days int, tier string) error {
	_, err := a.client.RestoreObject(ctx, &s3.RestoreObjectInput{Bucket: &a.bucket, Key: &key, RestoreRequest: &types.RestoreRequest{
		Days: new(int32(days)), GlacierJobParameters: &types.GlacierJobParameters{Tier: types.Tier(tier)},
	}})
	if err != nil {
		return fmt.Errorf("restore s3://%s/%s: %w", a.bucket, key, err)
	}
	return nil
}
