package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// archiveSpan is how long after its time an event can reach the archive: a provider
// resends one for 30 days (Stripe, "Manually resend"), and webhook-dlq keeps a message
// for 14.
const archiveSpan = 45 * 24 * time.Hour

// ItemUpdater is the subset of the DynamoDB API that an Eraser calls.
type ItemUpdater interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// ObjectVersions is the subset of the S3 API that an Eraser calls.
type ObjectVersions interface {
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
}

// Eraser removes the payloads of events.
type Eraser struct {
	items    ItemUpdater
	versions ObjectVersions
	store    *Store
	stack    *stack.Stack
	now      func() time.Time
}

// NewEraser returns the eraser of a store's stack.
func NewEraser(s *stack.Stack, store *Store, now func() time.Time) *Eraser {
	return &Eraser{dynamodb.NewFromConfig(s.AWS.Config), NewS3(s), store, s, now}
}

// Erasure says what will be erased.
type Erasure struct {
	Events []event.Event
	// Archived are the events that have archived messages and no row in Events. A message
	// without an event's id has its key in place of the id.
	Archived []event.Event
	// Objects are all versions of the payloads in the bucket and of the archived
	// messages.
	Objects []s3types.ObjectIdentifier

	planned map[string]bool // keys of Objects, and keys with versions
}

// Plan finds the payloads of the given events. left gets the error of each row that is not
// an event. It changes nothing.
func (e *Eraser) Plan(ctx context.Context, events iter.Seq2[event.Event, error], left func(error)) (Erasure, error) {
	plan := Erasure{planned: map[string]bool{}}
	for row, err := range Readable(e.store.Full(ctx, events), left) {
		if err != nil {
			return Erasure{}, err
		}
		plan.Events = append(plan.Events, row)
		if err := e.add(ctx, &plan, e.owned(row)...); err != nil {
			return Erasure{}, err
		}
	}
	return plan, nil
}

// Undecided counts the archived messages that a plan leaves out because they do not say
// enough.
type Undecided struct {
	Cold    int // in Glacier: only the event's id is known
	Unnamed int // without an event's id: they name no payment and no customer either
}

// AddArchived adds the archived messages of the events that selects chooses to a plan. It
// changes nothing.
func (e *Eraser) AddArchived(ctx context.Context, plan *Erasure, all iter.Seq2[failure.Failure, error], selects func(event.Event) bool) (left Undecided, err error) {
	for f, err := range all {
		if err != nil {
			return left, err
		}
		of := event.Event{ID: f.EventID, Provider: f.Provider}
		if f.Event != nil {
			of = *f.Event
		}
		switch {
		case plan.planned[f.Key]:
			continue
		case !selects(of):
			switch {
			case f.Storage != failure.Readable:
				left.Cold++
			case of.ID == "":
				left.Unnamed++
			}
			continue
		}
		// The key has the day of the receipt. No message of this key is older.
		if day, err := time.Parse(time.DateOnly, f.Day()); err == nil {
			of.Timestamp, of.ReceivedAt = 0, day.UnixMilli()
		}
		if err := e.add(ctx, plan, append(e.owned(of), owned{f.Key, func(k string) bool { return k == f.Key }})...); err != nil {
			return left, err
		}
		of.ID = cmp.Or(of.ID, f.Key)
		if !slices.ContainsFunc(slices.Concat(plan.Events, plan.Archived), func(other event.Event) bool { return other.ID == of.ID }) {
			plan.Archived = append(plan.Archived, of)
		}
	}
	return left, nil
}

// owned are the objects of an event below a prefix. has reports whether a key is
// one of them, because the prefix can match the keys of other events.
type owned struct {
	prefix string
	has    func(key string) bool
}

// owned returns where an event's objects are: its payload and its archived messages, of each
// day on which one may have been received. A payloadRef that is not the event's own names
// nothing: somebody has written it who wants another object deleted.
func (e *Eraser) owned(row event.Event) []owned {
	var all []owned
	payload := func(key string) { all = append(all, owned{key, func(k string) bool { return k == key }}) }
	if row.OwnsPayloadRef() {
		payload(row.PayloadRef)
	}
	first := time.UnixMilli(cmp.Or(row.Timestamp, row.ReceivedAt)).UTC().Truncate(24 * time.Hour)
	last := time.UnixMilli(max(row.Timestamp, row.ReceivedAt)).Add(archiveSpan)
	if now := e.now(); last.After(now) {
		last = now
	}
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		received := row
		received.ReceivedAt = day.UnixMilli()
		if day.Equal(first) {
			received.ReceivedAt++ // 0 is no time
		}
		message := event.Archived{Event: &received}
		all = append(all, owned{message.KeyPrefix(), message.HasKey})
		// A redelivery of another day left the same body under that day's key.
		again := path.Join(path.Dir(path.Dir(row.PayloadRef)), day.Format(time.DateOnly), row.PayloadSHA256)
		if row.OwnsPayloadRef() && again != row.PayloadRef {
			payload(again)
		}
	}
	return all
}

// add adds all versions and delete markers of objects, each once.
func (e *Eraser) add(ctx context.Context, plan *Erasure, objects ...owned) error {
	for _, o := range objects {
		if err := e.addVersions(ctx, plan, o); err != nil {
			return err
		}
	}
	return nil
}

func (e *Eraser) addVersions(ctx context.Context, plan *Erasure, o owned) error {
	put := func(key, version *string) {
		id := aws.ToString(key) + "\x00" + aws.ToString(version)
		if o.has(aws.ToString(key)) && !plan.planned[id] {
			plan.planned[id], plan.planned[aws.ToString(key)] = true, true
			plan.Objects = append(plan.Objects, s3types.ObjectIdentifier{Key: key, VersionId: version})
		}
	}
	in := &s3.ListObjectVersionsInput{Bucket: new(e.stack.Outputs["BucketName"]), Prefix: &o.prefix}
	for {
		out, err := e.versions.ListObjectVersions(ctx, in)
		if err != nil {
			return err
		}
		for _, v := range out.Versions {
			put(v.Key, v.VersionId)
		}
		for _, m := range out.DeleteMarkers {
			put(m.Key, m.VersionId)
		}
		if !aws.ToBool(out.IsTruncated) {
			return nil
		}
		in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
	}
}

// deleteMax is the largest number of objects in one DeleteObjects call.
const deleteMax = 1000

// Erase removes the payloads of a plan. The rows keep their keys and hashes, so that a
// redelivery is still a duplicate. It can be repeated. Objects go first: as long as a
// row has its payload, a plan finds the event again.
func (e *Eraser) Erase(ctx context.Context, plan Erasure) error {
	for start := 0; start < len(plan.Objects); start += deleteMax {
		out, err := e.versions.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: new(e.stack.Outputs["BucketName"]),
			Delete: &s3types.Delete{Objects: plan.Objects[start:min(start+deleteMax, len(plan.Objects))], Quiet: new(true)},
		})
		if err != nil {
			return err
		}
		if len(out.Errors) > 0 {
			failed := out.Errors[0]
			return fmt.Errorf("delete %d objects, first %s: %s: %s", len(out.Errors), aws.ToString(failed.Key), aws.ToString(failed.Code), aws.ToString(failed.Message))
		}
	}
	for _, row := range plan.Events {
		_, err := e.items.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: new(e.stack.Outputs["TableName"]),
			Key: map[string]types.AttributeValue{
				contract.EventIDAttribute:   &types.AttributeValueMemberS{Value: row.ID},
				contract.TimestampAttribute: number(row.Timestamp),
			},
			// The row may have expired in the meantime.
			ConditionExpression:       new("attribute_exists(" + contract.EventIDAttribute + ")"),
			UpdateExpression:          new("SET " + contract.ErasedAtAttribute + " = :now REMOVE " + contract.PayloadAttribute + ", " + contract.PayloadRefAttribute),
			ExpressionAttributeValues: map[string]types.AttributeValue{":now": number(e.now().UnixMilli())},
		})
		if _, gone := errors.AsType[*types.ConditionalCheckFailedException](err); gone {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// NamesCustomer reports whether an event names a customer.
func NamesCustomer(e event.Event, customer string) bool {
	return e.Related["customer"] == customer || e.ObjectID == customer
}

// OfCustomer returns the events that name a customer, of all events since a time. No
// index has the customer, so that each of them is read.
func (s *Store) OfCustomer(ctx context.Context, f Filter, customer string) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		for e, err := range s.Full(ctx, s.Events(ctx, f)) {
			if err == nil && !NamesCustomer(e, customer) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
