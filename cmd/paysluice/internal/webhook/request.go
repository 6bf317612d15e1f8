package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/fixture"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// A Tamper is something wrong with a request.
type Tamper string

// All kinds of Tamper.
const (
	Genuine         Tamper = ""
	Signature       Tamper = "signature"
	Timestamp       Tamper = "timestamp"
	ChangedBody     Tamper = "body"
	DuplicateHeader Tamper = "duplicate-header"
	Unsigned        Tamper = "unsigned"
)

// Tampers returns the kinds that are not genuine.
func Tampers() []Tamper {
	return []Tamper{Signature, Timestamp, ChangedBody, DuplicateHeader, Unsigned}
}

// ErrTamper reports an unknown kind.
var ErrTamper = errors.New("must be signature, timestamp, body, duplicate-header or unsigned")

// String returns the kind's name.
func (t *Tamper) String() string { return string(*t) }

// Set accepts a kind's name (pflag.Value).
func (t *Tamper) Set(name string) error {
	if !slices.Contains(Tampers(), Tamper(name)) {
		return ErrTamper
	}
	*t = Tamper(name)
	return nil
}

// Type returns the name of the flag's value in help texts (pflag.Value).
func (t *Tamper) Type() string { return "part" }

// Request is a webhook that is ready to be sent.
type Request struct {
	Header http.Header
	Body   []byte
	// Event is the event that the stack should store. Its ID is empty if the body is not
	// an event.
	Event event.Event
	// Expected is the answer that the stack should give.
	Expected Answer
}

// Answer is how a stack answers a request.
type Answer struct {
	Status int
	// Reason is why the request is refused, or archived instead of stored.
	Reason provider.Reason
	// Gate is the function that refuses it: authorizer or processor.
	Gate string
}

// String says what the stack does.
func (a Answer) String() string {
	switch {
	case a.Reason == "":
		return "200, and the event is stored once"
	case a.Status == http.StatusOK:
		return fmt.Sprintf("200, and the %s archives it: %s", a.Gate, a.Reason)
	}
	return fmt.Sprintf("%d from the %s: %s", a.Status, a.Gate, a.Reason)
}

// Request signs a body that is sent at a time, or makes one thing wrong with it.
func (s *Sender) Request(ctx context.Context, body []byte, tamper Tamper, now time.Time) (Request, error) {
	signer, at := s.signer, now
	switch {
	case tamper == Signature:
		signer = s.forger
	case tamper == Timestamp && s.bodyTime != "":
		old, err := aged(body, s.bodyTime, now.Add(-s.stale))
		if err != nil {
			return Request{}, err
		}
		body = old
	case tamper == Timestamp:
		at = now.Add(-s.stale)
	}
	signed, err := signer.Sign(body, at)
	if err != nil {
		return Request{}, err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for name, value := range signed {
		header.Set(name, value)
	}
	first := s.provider.Descriptor().SignatureHeaders[0]
	switch tamper {
	case ChangedBody:
		body = append(slices.Clone(body), ' ')
	case DuplicateHeader:
		header.Add(first, header.Get(first))
	case Unsigned:
		header.Del(first)
	}
	r := Request{Header: header, Body: body}
	r.Event, r.Expected = s.expect(ctx, r, now)
	return r, nil
}

// aged returns a body with another time.
func aged(body []byte, path string, at time.Time) ([]byte, error) {
	b, err := fixture.Parse(body)
	if err != nil {
		return nil, err
	}
	err = b.Set(path, at.UTC().Format(time.RFC3339))
	return b.Bytes(""), err
}

// expect asks the code of the functions what they make of a request.
func (s *Sender) expect(ctx context.Context, r Request, now time.Time) (event.Event, Answer) {
	var fields []provider.Field
	for name, values := range r.Header {
		for _, value := range values {
			fields = append(fields, provider.Field{Name: name, Value: value})
		}
	}
	header := provider.NewHeader(fields)
	read := func(o provider.Origin) (event.Event, error) {
		e, err := s.provider.Event(r.Body, o)
		e.Provider = s.provider.Descriptor().Name
		e.Payload, e.PayloadSHA256 = r.Body, event.HashPayload(r.Body)
		return e, err
	}
	e, _ := read(provider.Origin{})
	if err := s.provider.CheckHeaders(header, now); err != nil {
		return e, refused("authorizer", err)
	}
	origin, err := s.verifier.Verify(ctx, header, r.Body, now)
	if err != nil {
		return e, refused("processor", err)
	}
	e, err = read(origin)
	if err == nil && origin.Livemode != nil && !origin.StoreOtherMode && (e.Livemode == nil || *e.Livemode != *origin.Livemode) {
		err = provider.OtherMode
	}
	if err != nil {
		return e, refused("processor", err)
	}
	return e, Answer{Status: http.StatusOK}
}

// refused returns the answer of a gate to a request with a reason
// (docs/architecture.md).
func refused(gate string, err error) Answer {
	reason := provider.ReasonOf(err)
	status := http.StatusServiceUnavailable
	switch reason.Class() {
	case provider.Rejected:
		status = http.StatusUnauthorized
	case provider.Quarantined:
		status = http.StatusOK
	}
	return Answer{Status: status, Reason: reason, Gate: gate}
}

// Describe says what is wrong with a request.
func (s *Sender) Describe(tamper Tamper) string {
	header := s.provider.Descriptor().SignatureHeaders[0]
	switch tamper {
	case Signature:
		return "signed with another secret"
	case Timestamp:
		verb := "signed"
		if s.bodyTime != "" {
			verb = "created"
		}
		return verb + " " + age(s.stale) + " ago"
	case ChangedBody:
		return "one space is added to the body after it was signed"
	case DuplicateHeader:
		return header + " is sent twice"
	case Unsigned:
		return header + " is left out"
	}
	return "signed with the entry " + s.Label
}

func age(d time.Duration) string {
	switch {
	case d >= 30*24*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}
