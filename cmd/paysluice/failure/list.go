package failure

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// concurrency is the number of objects that are read at a time.
const concurrency = 32

// Filter selects failures. Empty fields select all. An object in Glacier matches if
// its day, provider, reason and type do: its other fields are not known.
type Filter struct {
	Provider string `json:"provider,omitempty"` // also "unknown"
	Reason   string `json:"reason,omitempty"`
	// Prefix and After bound the keys.
	Prefix string `json:"prefix,omitempty"`
	After  string `json:"after,omitempty"`
	// Since and Until bound the receipt of the webhook, Until exclusively. The key
	// has the day of the receipt, so only keys of these days are listed.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`

	Type     string         `json:"type,omitempty"`
	Category event.Category `json:"category,omitempty"`
	Payment  string         `json:"payment,omitempty"` // a payment's id, or an object's
	Account  string         `json:"account,omitempty"`
	Endpoint string         `json:"endpoint,omitempty"`
	Livemode *bool          `json:"livemode,omitempty"`
	// Limit ends the sequence after that many failures, 0 for no limit.
	Limit int `json:"limit,omitempty"`
}

// Providers returns the first segments of the archive's keys.
func Providers() []string {
	var names []string
	for _, p := range contract.Providers() {
		names = append(names, p.Name)
	}
	return append(names, strings.TrimSuffix(contract.UnknownPrefix, "/"))
}

// Reasons returns the reasons with which the stack archives a message.
func Reasons() []string {
	return []string{
		contract.ReasonReceivesExhausted, contract.ReasonConflict, contract.ReasonExpired, contract.ReasonSender,
		contract.ReasonSignatureReused, contract.ReasonOtherMode,
		string(provider.EnvelopeUnreadable), string(provider.EventIDInvalid),
	}
}

// prefixes returns the prefixes of keys that can match.
func (f Filter) prefixes() []string {
	switch {
	case f.Prefix != "":
		return []string{f.Prefix}
	case f.Provider != "":
		return []string{f.Provider + "/"}
	}
	var all []string
	for _, name := range Providers() {
		all = append(all, name+"/")
	}
	slices.Sort(all) // After bounds the keys of all providers
	return all
}

// Matches reports whether a filter selects a failure that has been read. Bounds of the keys are
// left to List.
func (f Filter) Matches(found Failure) bool {
	at := found.receivedAt()
	if !at.IsZero() && (!f.Since.IsZero() && at.Before(f.Since) || !f.Until.IsZero() && !at.Before(f.Until)) {
		return false
	}
	if f.Provider != "" && f.Provider != found.Provider || f.Reason != "" && f.Reason != found.Reason || f.Type != "" && f.Type != found.Type {
		return false
	}
	if found.Storage != Readable {
		return true
	}
	e := event.Event{}
	if found.Event != nil {
		e = *found.Event
	}
	return (f.Category == "" || f.Category == e.Category) &&
		(f.Payment == "" || f.Payment == e.PaymentID || f.Payment == e.ObjectID) &&
		(f.Account == "" || f.Account == e.Account) &&
		(f.Endpoint == "" || f.Endpoint == e.Endpoint) &&
		(f.Livemode == nil || e.Livemode != nil && *f.Livemode == *e.Livemode)
}

// List returns the failures that a filter selects, in the order of their keys: by
// provider, then by day. An error ends the sequence.
func (a *Archive) List(ctx context.Context, f Filter) iter.Seq2[Failure, error] {
	return a.read(ctx, f, func(yield func(object, error) bool) {
		for _, prefix := range f.prefixes() {
			for o, err := range a.objects(ctx, f, prefix) {
				if !yield(o, err) {
					return
				}
			}
		}
	})
}

// Select returns the failures under keys, in the order of the keys and each once. An
// error ends the sequence; it is ErrMissing if the archive has nothing under a key.
func (a *Archive) Select(ctx context.Context, keys []string) iter.Seq2[Failure, error] {
	return a.read(ctx, Filter{}, func(yield func(object, error) bool) {
		for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
			if !yield(object{key: key}, nil) {
				return
			}
		}
	})
}

// IsKey reports whether a text has the form of the archive's keys, such as
// stripe/2026/11/01/name.json.
func IsKey(text string) bool {
	first, _, _ := strings.Cut(text, "/")
	return slices.Contains(Providers(), first) && day(text) != "" && strings.Count(text, "/") == 4
}

// read reads objects, some at a time, and returns those that a filter selects. An error
// ends the sequence.
func (a *Archive) read(ctx context.Context, f Filter, objects iter.Seq2[object, error]) iter.Seq2[Failure, error] {
	return func(yield func(Failure, error) bool) {
		n, looked := 0, 0
		var batch []object
		// flush reads a batch and reports whether the sequence goes on.
		flush := func() bool {
			read := make([]Failure, len(batch))
			group, limited := errgroup.WithContext(ctx)
			for i, o := range batch {
				group.Go(func() (err error) {
					read[i], err = a.get(limited, o)
					return err
				})
			}
			if err := group.Wait(); err != nil {
				yield(Failure{}, err)
				return false
			}
			batch = batch[:0]
			for _, found := range read {
				if !f.Matches(found) {
					continue
				}
				n++
				if !yield(found, nil) || n == f.Limit {
					return false
				}
			}
			return true
		}
		for o, err := range objects {
			if err != nil {
				yield(Failure{}, err)
				return
			}
			batch = append(batch, o)
			// A filter that selects all objects reads no more than its limit.
			if looked++; (len(batch) == concurrency || looked == f.Limit) && !flush() {
				return
			}
		}
		flush()
	}
}

// object is an entry of a listing.
type object struct {
	key  string
	cold bool
	at   time.Time // of the put, by S3's clock
}

func newObject(o types.Object) object {
	return object{key: aws.ToString(o.Key), cold: isCold(string(o.StorageClass)), at: aws.ToTime(o.LastModified)}
}

func (a *Archive) listError(prefix string, err error) error {
	return fmt.Errorf("list s3://%s/%s: %w", a.bucket, prefix, err)
}

// objects lists keys with a prefix. It begins at the day of f.Since and ends with
// the day of f.Until.
func (a *Archive) objects(ctx context.Context, f Filter, prefix string) iter.Seq2[object, error] {
	in := &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: &prefix}
	first, _, ofOne := strings.Cut(prefix, "/")
	after := f.After
	if ofOne && !f.Since.IsZero() {
		after = max(after, first+"/"+f.Since.UTC().Format(dayLayout))
	}
	if after != "" {
		in.StartAfter = &after
	}
	return func(yield func(object, error) bool) {
		for pages := s3.NewListObjectsV2Paginator(a.client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(object{}, a.listError(prefix, err))
				return
			}
			for _, content := range page.Contents {
				o := newObject(content)
				switch d := day(o.key); {
				case ofOne && !f.Until.IsZero() && d > f.Until.UTC().Format(time.DateOnly):
					return
				case d != "" && !f.Since.IsZero() && d < f.Since.UTC().Format(time.DateOnly):
					continue
				}
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// dayLayout is the day in a key.
const dayLayout = "2006/01/02"

// day returns the day in a key as yyyy-mm-dd, "" without one.
func day(key string) string {
	_, rest, _ := strings.Cut(key, "/")
	if len(rest) <= len(dayLayout) || rest[len(dayLayout)] != '/' {
		return ""
	}
	at, err := time.Parse(dayLayout, rest[:len(dayLayout)])
	if err != nil {
		return ""
	}
	return at.Format(time.DateOnly)
}
