// Package providertest has the tests that every provider must pass. A provider's
// own tests describe it in a Suite, whose rows are data, and add what is special
// about it.
package providertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
)

// EventTypesFile lists the event types that a provider documents, with their
// categories. The paths of this package are relative to the provider's folder.
const EventTypesFile = "testdata/event_types.txt"

// Suite describes a provider.
type Suite struct {
	Provider   provider.Provider
	Descriptor contract.Provider

	// List is the secret document's list of entries.
	List string
	// Senders sign for entries of a secret document, at least two.
	Senders []Sender
	// Now is a time at which the senders can sign.
	Now time.Time
	// Past and Future bound the age of a signature. Both are 0 for a provider
	// that signs no time.
	Past, Future time.Duration
	// RejectsEmptyBody tells that an empty body is not accepted with any
	// signature.
	RejectsEmptyBody bool
	// SameSignature reports whether two bodies have one signature. It is nil where
	// only equal bodies do.
	SameSignature func(a, b []byte) bool

	HeaderValues []HeaderValue
	Documents    []Document
	Vectors      []Vector

	// ID, Type and Created are the names of the body's members.
	ID, Type, Created string
	// Object returns the members of a body whose object has the given members.
	Object func(typ, members string) string
	// LivemodeInBody tells that the body and not the secret's entry has the
	// environment.
	LivemodeInBody bool

	// Bare is the event of a body that has only an id and this event's type.
	Bare event.Event
	// Lenient are bodies that are read like the bare one.
	Lenient []Lenient
	Omitted []Omitted
	// Bodies are members of bodies beside id and type, and their events.
	Bodies   []Body
	Times    []Time
	Fixtures []Fixture
	Payments []Payment
	// Routes are the event types that can have the category PaymentSucceeded.
	Routes []string
	Money  []Money
	Same   []Same
	Large  []Large
}

// Sender signs as a provider does for one entry of a secret.
type Sender struct {
	Entry  string // JSON, with the label "a", "b", …
	Secret string // never in an error
	Origin provider.Origin
	Signer provider.Signer
}

// HeaderValue is the value of a header in an otherwise valid request.
type HeaderValue struct {
	Header string // the first signature header if empty
	Why    string
	Value  string
	Want   provider.Reason // "" if the value is accepted
}

// Document is a secret document.
type Document struct {
	Why      string
	Document string
	// Problems are parts of the error. A document without problems is accepted.
	Problems []string
}

// Vector is a request that was signed by somebody else.
type Vector struct {
	Name     string
	Valid    bool
	Document string
	Headers  map[string]string
	Body     []byte
	Now      time.Time
}

// Own begins the source of a row about a rule of this project: bounds, and the reading of
// values that no provider documents. Any other source is a page, a file or an
// issue of the provider, or a standard.
const Own = "paysluice"

// Sources of bodies that no provider documents.
const (
	// Absent is the source of values that are read like missing ones.
	Absent = Own + ": a signed body may hold anything"
	// OtherType is the source of values with a wrong JSON type.
	OtherType = Own + ": a value of a wrong type is named"
	// Unfit is the source of texts that an index would reject.
	Unfit = Own + ": DynamoDB bounds keys"
)

// Time is a value of the member Created.
type Time struct {
	Source string
	Value  string // JSON
	Want   int64  // milliseconds, 0 if the value is not a time
}

// Unreadable returns values that no provider documents as times.
func Unreadable(values ...string) []Time {
	rows := make([]Time, len(values))
	for i, value := range values {
		rows[i] = Time{Source: Own, Value: value}
	}
	return rows
}

// Body is the rest of a body, and what its event must have.
type Body struct {
	Why, Source     string
	Type, Members   string
	Object, Payment string
	Status, Account string
	Related         map[string]string
}

// Lenient is the rest of a body whose values become no field.
type Lenient struct{ Source, Members string }

// Omitted is the rest of a body, and the fields that its event leaves out.
type Omitted struct {
	Why, Source   string
	Type, Members string // of type A.B if empty
	Want          []string
}

// Fixture is a file of testdata/events, without its extension.
type Fixture struct {
	File, Why string
	Source    string // of the body's shape and of its category
	Category  event.Category
	Status    string
	Payment   string
	Money     event.Money
	Omitted   []string
	// Event has the other fields of the event, if given, apart from Schema and Provider.
	Event *event.Event
}

// Payment is the events in the life of a payment.
type Payment struct {
	Why    string
	Source string      // of the sequence
	Events []EventType // without categories
	Counts []string    // types that have the category PaymentSucceeded
}

// Money is the amount of an event whose object has these members.
type Money struct {
	Why, Source  string
	Type, Object string
	Want         event.Money
	Omitted      bool // the amount is there and cannot be read
}

// Same is the members of a pair of bodies with one id and one type.
type Same struct {
	Why, Source string
	A, B        string
	Want        bool
}

// Large is a body of 4.5 MB that repeats an element between two texts.
type Large struct {
	Head, Element, Tail string
	Most                int // allocation, in bodies
}

// Run runs all tests.
func (s Suite) Run(t *testing.T) {
	t.Run("Descriptor", func(t *testing.T) { require.Equal(t, s.Descriptor, s.Provider.Descriptor()) })
	t.Run("Headers", s.testHeaders)
	t.Run("HeaderValues", s.testHeaderValues)
	t.Run("Window", s.testWindow)
	t.Run("Verify", s.testVerify)
	t.Run("Mutations", s.testMutations)
	t.Run("Vectors", s.testVectors)
	t.Run("Documents", s.testDocuments)
	t.Run("Quarantine", s.testQuarantine)
	t.Run("Lenient", s.testLenient)
	t.Run("Bodies", s.testBodies)
	t.Run("Omitted", s.testOmitted)
	t.Run("Times", s.testTimes)
	t.Run("Livemode", s.testLivemode)
	t.Run("EventTypes", s.testEventTypes)
	t.Run("Vocabulary", s.testVocabulary)
	t.Run("States", s.testStates)
	t.Run("Fixtures", s.testFixtures)
	t.Run("Payments", s.testPayments)
	t.Run("Money", s.testMoney)
	t.Run("Same", s.testSame)
	t.Run("Large", s.testLarge)
}

// document returns a secret document with these senders' entries.
func (s Suite) document(senders ...Sender) string {
	entries := make([]string, len(senders))
	for i, sender := range senders {
		entries[i] = sender.Entry
	}
	return fmt.Sprintf(`{%q:[%s]}`, s.List, strings.Join(entries, ","))
}

func (s Suite) verifier(t testing.TB, senders ...Sender) provider.Verifier {
	t.Helper()
	v, err := s.Provider.Verifier([]byte(s.document(senders...)))
	require.NoError(t, err)
	return v
}

// body returns a body with an id, a type and these members.
func (s Suite) body(typ, members string) string {
	body := fmt.Sprintf(`{%q:"evt_1",%q:%s`, s.ID, s.Type, quote(typ))
	if members != "" {
		body += "," + members
	}
	return body + "}"
}

// event returns the event of a body that must be one.
func (s Suite) event(t testing.TB, body string) event.Event {
	t.Helper()
	e, err := s.Provider.Event([]byte(body), provider.Origin{})
	require.NoError(t, err, body)
	return e
}

// received returns the event of a body as the processor completes it.
func (s Suite) received(t testing.TB, body string) event.Event {
	t.Helper()
	e := s.event(t, body)
	e.Payload, e.PayloadSHA256 = []byte(body), event.HashPayload([]byte(body))
	return e
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// fixtures returns the files of testdata/events by name without extension.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/events/*.json")
	require.NoError(t, err)
	bodies := make(map[string][]byte)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		bodies[strings.TrimSuffix(filepath.Base(file), ".json")] = body
	}
	require.NotEmpty(t, bodies)
	return bodies
}

// EventType is a line of EventTypesFile.
type EventType struct {
	Type     string
	Category event.Category
	Object   string // members of the object, if its state decides
}

// EventTypes reads EventTypesFile.
func EventTypes(t testing.TB) []EventType { return EventTypesIn(t, ".") }

// EventTypesIn reads the EventTypesFile of the provider in a folder.
func EventTypesIn(t testing.TB, folder string) []EventType {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, EventTypesFile))
	require.NoError(t, err)
	var types []EventType
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		typ, rest, _ := strings.Cut(line, " ")
		category, object, _ := strings.Cut(rest, " ")
		object = strings.TrimSuffix(strings.TrimPrefix(object, "{"), "}")
		for _, object := range alternatives(object) {
			types = append(types, EventType{Type: typ, Category: event.Category(category), Object: object})
		}
	}
	require.NotEmpty(t, types)
	return types
}

// alternatives returns the objects that "A|B" in one of its strings stands for.
func alternatives(object string) []string {
	before, _, found := strings.Cut(object, "|")
	if !found {
		return []string{object}
	}
	start := strings.LastIndexByte(before, '"') + 1
	end := start + strings.IndexByte(object[start:], '"')
	var objects []string
	for state := range strings.SplitSeq(object[start:end], "|") {
		objects = append(objects, object[:start]+state+object[end:])
	}
	return objects
}
