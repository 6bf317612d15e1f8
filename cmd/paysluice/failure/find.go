package failure

import (
	"bytes"
	"context"
	"iter"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/event"
)

// Find returns the failures of an event, those of the oldest day of receipt first. It reads no
// failures of other events, and lists at most two pages of a day, however many keys that has.
func (a *Archive) Find(ctx context.Context, eventID string) ([]Failure, error) {
	found, _, err := a.Search(ctx, eventID, "", func() bool { return true })
	return found, err
}

// Search is a Find that begins after a key, "" for the first one, and ends early when goOn
// returns false. Then rest is the key up to which it searched.
func (a *Archive) Search(ctx context.Context, eventID, after string, goOn func() bool) (found []Failure, rest string, err error) {
	of, _, _ := strings.Cut(eventID, ":")
	own := event.Archived{Event: &event.Event{Provider: of, ID: eventID}}
	name := path.Base(own.KeyPrefix())
	for o, err := range a.around(ctx, own.Provider()+"/", name, after) {
		if err != nil {
			return nil, "", err
		}
		if strings.HasPrefix(path.Base(o.key), name) {
			f, err := a.get(ctx, o)
			if err != nil {
				return nil, "", err
			}
			if f.EventID == eventID {
				found = append(found, f)
			}
		}
		if !goOn() {
			return found, o.key, nil
		}
	}
	return found, "", nil
}

// around lists keys that have a prefix and are after another key. It lists each key with a last
// segment that begins with a name, and the other keys of the same pages. If a page ends among
// a day's other keys, the next page begins at the next key of that name.
func (a *Archive) around(ctx context.Context, prefix, name, after string) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		for after, more := max(prefix, after), true; more; {
			after = jump(after, name)
			page, err := a.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: &prefix, StartAfter: &after})
			if err != nil {
				yield(object{}, a.listError(prefix, err))
				return
			}
			for _, content := range page.Contents {
				o := newObject(content)
				if after = o.key; !yield(o, nil) {
					return
				}
			}
			more = aws.ToBool(page.IsTruncated)
		}
	}
}

// jump returns where to look for a name after a key: later in the key's day, or behind it.
func jump(key, name string) string {
	folder, last := path.Split(key)
	switch {
	case day(key) == "", strings.HasPrefix(last, name):
		return key
	case last < name:
		return folder + name
	}
	return strings.TrimSuffix(folder, "/") + "0" // the character after the slash
}

// bodyDigits matches the end of a key and captures the first digits of the payload's hash.
// In a MessageKey the message's id follows them (package event).
const bodyDigits = `-([0-9a-f]{16})(?:-[0-9a-f]{8}-[0-9a-f-]{27})?\.json$`

// Copies returns a failure that has no event's id, and the other failures with the same body.
// A provider's redelivery and a replay each add one under a key of its own. Copies reads only
// failures with the same digits in their keys.
func (a *Archive) Copies(ctx context.Context, of Failure) ([]Failure, error) {
	pattern, copies := regexp.MustCompile(bodyDigits), []Failure{of}
	digits := pattern.FindStringSubmatch(of.Key)
	if digits == nil {
		return copies, nil // no key of the archiver
	}
	for o, err := range a.objects(ctx, Filter{}, of.Provider+"/") {
		if err != nil {
			return nil, err
		}
		if found := pattern.FindStringSubmatch(o.key); o.key == of.Key || found == nil || found[1] != digits[1] {
			continue
		}
		f, err := a.get(ctx, o)
		if err != nil {
			return nil, err
		}
		if f.EventID == "" && of.hasBodyOf(f) {
			copies = append(copies, f)
		}
	}
	return copies, nil
}

// hasBodyOf reports whether two failures have the same body. Their keys must have the same
// digits of its hash: for a failure in Glacier, only these can be compared.
func (f Failure) hasBodyOf(other Failure) bool {
	switch {
	case f.Storage != Readable || other.Storage != Readable:
		return true
	case f.Event != nil && other.Event != nil:
		return f.Event.PayloadSHA256 == other.Event.PayloadSHA256
	}
	return bytes.Equal(f.Message, other.Message)
}

// Again returns the reason of the latest failure beside a first one, "" without one. Its
// message was sent and archived after a time of S3's clock. The keys of an event's
// failures have one stem: the archiver's key without the suffix.
func (a *Archive) Again(ctx context.Context, first, stem string, since time.Time) (reason string, err error) {
	var latest Failure
	for o, err := range a.objects(ctx, Filter{}, stem) {
		if err != nil {
			return "", err
		}
		// S3's times have whole seconds, so an older failure can seem to be as late.
		if o.key == first || o.at.Before(since) {
			continue
		}
		f, err := a.get(ctx, o)
		if err != nil {
			return "", err
		}
		if f.SentAt >= since.Add(-time.Second).UnixMilli() && f.ArchivedAt >= latest.ArchivedAt {
			latest = f
		}
	}
	return latest.Reason, nil
}
