package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Diagnoser is a Verifier that explains why it rejected a request. It computes
// the signature again under each of its hypotheses and names the one that
// matches. A diagnosis is for the operator and never for the sender.
type Diagnoser interface {
	Verifier
	// Diagnose explains why Verify rejected the request of a case.
	Diagnose(ctx context.Context, c Case) Diagnosis
}

// A Case is a request that Verify rejected, and what else is known about it.
type Case struct {
	Header Header
	Body   []byte
	Now    time.Time
	// Err is the error of Verify.
	Err error
	// Others are verifiers of other secrets of the same provider.
	Others []Other
	// URLs are URLs that the provider may have besides the secret's.
	URLs []string
	// Effort bounds the bytes that are hashed. Hypotheses beyond it are not tried.
	Effort int
	// Fetch allows the download of a certificate. Without it, only a cached one is
	// used.
	Fetch bool
}

// Other is the verifier of another secret.
type Other struct {
	// Name describes the secret in a finding: "the previous version of the secret".
	Name     string
	Verifier Verifier
}

// A Diagnosis explains a rejection. It contains labels and URLs of the secret's
// entries, and neither a key nor a signature.
type Diagnosis struct {
	Cause     Cause     `json:"cause"`
	Certainty Certainty `json:"certainty"`
	// Finding says what is wrong, in one or two sentences.
	Finding string `json:"finding"`
	// Remedy says what to do.
	Remedy string `json:"remedy"`
}

// String returns the diagnosis as the hint of a log line.
func (d Diagnosis) String() string {
	return fmt.Sprintf("%s (%s): %s", d.Cause, d.Certainty, d.Finding)
}

// Certainty says how a cause was found.
type Certainty string

const (
	// Proven: the signature matches when it is computed under this hypothesis.
	Proven Certainty = "proven"
	// Likely: the request has the marks of this cause, and no computation matches.
	Likely Certainty = "likely"
	// Unknown: nothing is known about the cause.
	Unknown Certainty = "unknown"
)

// Cause is a stable code for why a signature does not match.
type Cause string

// Causes.
const (
	OtherURL          Cause = "url"                // Square: signed for another URL
	OtherKey          Cause = "key"                // signed with the key of another entry or secret
	KeyForm           Cause = "key_form"           // signed with another form of the key
	OtherEnvironment  Cause = "environment"        // sandbox against live
	Simulator         Cause = "simulator"          // PayPal: the dashboard's simulator
	Certificate       Cause = "certificate"        // PayPal: another certificate
	BodyEncoding      Cause = "body_encoding"      // the body was read and written again
	BodyEnd           Cause = "body_end"           // white space around the body
	Clock             Cause = "clock"              // signed outside the accepted time
	SignedTime        Cause = "signed_time"        // the header's time is not the signed one
	RepeatedHeader    Cause = "repeated_header"    // a signature header occurs more than once
	Scheme            Cause = "scheme"             // Stripe: v0 only
	SignatureEncoding Cause = "signature_encoding" // hex for base64 and the like
	MissingHeader     Cause = "missing_header"     // a signature header is missing
	MalformedHeader   Cause = "malformed_header"   // a signature header cannot be read
	NoCause           Cause = "unknown"
)

// Remedy returns what to do about a cause.
func (c Cause) Remedy() string {
	switch c {
	case OtherURL:
		return "Set notificationUrl of the entry to the URL that Square has, or change the URL at Square."
	case OtherKey:
		return "Give the entry the key or id that the sender uses, or add an entry for it."
	case KeyForm:
		return "Copy the key again at the sender and in the secret: complete, as the provider shows it, without white space."
	case OtherEnvironment:
		return "Use the key or id of the provider's same environment, and check environment in the secret's entry."
	case Simulator:
		return "Send an event from the sandbox instead: the simulator does not know the webhook's id."
	case Certificate:
		return "Send what PayPal sent: its headers name a certificate of the environment that signed."
	case BodyEncoding:
		return "Pass on the bytes as they arrived. A proxy, framework or tool parsed the body and wrote it again."
	case BodyEnd:
		return "Pass on the bytes as they arrived. An editor, shell or proxy changed the white space around the body."
	case Clock:
		return "Set the clock by NTP. If the webhook was kept and sent later, have the provider send it again."
	case SignedTime:
		return "Pass on the header as it arrived, with the time that was signed."
	case RepeatedHeader:
		return "Have the proxy or sender send each signature header once."
	case Scheme:
		return "Send the signature as v1. v0 is not accepted, because Stripe sends a fake one with test events."
	case SignatureEncoding:
		return "Send the signature in the encoding that the provider uses."
	case MissingHeader:
		return "If the provider sent it, look for a proxy that removes headers. Otherwise ignore it."
	case MalformedHeader:
		return "If the provider sent it, look for a proxy that changes headers. Otherwise ignore it."
	}
	return "Compare the key with the provider's dashboard, and capture the request where it first arrives. A forged request looks the same."
}

// NewDiagnosis returns a diagnosis with the remedy of its cause.
func NewDiagnosis(c Cause, how Certainty, finding string) Diagnosis {
	return Diagnosis{Cause: c, Certainty: how, Finding: finding, Remedy: c.Remedy()}
}

// MACCost is the cost of a Hypothesis that computes an HMAC of an empty text: what
// surrounds the hashing takes as long as hashing this many bytes.
const MACCost = 512

// A Hypothesis is a possible cause with the computation that proves it.
type Hypothesis struct {
	Cause   Cause
	Finding string
	// Cost is the number of bytes that Holds hashes.
	Cost  int
	Holds func() bool
}

// Prove tries hypotheses and returns the diagnosis of the first that holds. It
// stops before the one that exceeds the effort. It also tries those after a
// match, so that the time it takes does not tell the sender which one holds.
func Prove(effort int, hypotheses iter.Seq[Hypothesis]) (d Diagnosis, ok bool) {
	for h := range hypotheses {
		if effort -= h.Cost; effort < 0 {
			break
		}
		if h.Holds() && !ok {
			d, ok = NewDiagnosis(h.Cause, Proven, h.Finding), true
		}
	}
	return d, ok
}

// Suppose returns the diagnosis of a request that no hypothesis explains, by the
// reason of its rejection.
func (c Case) Suppose() Diagnosis {
	switch ReasonOf(c.Err) {
	case HeaderMissing:
		return NewDiagnosis(MissingHeader, Likely, "A signature header is missing: "+c.Err.Error()+".")
	case HeaderRepeated:
		return NewDiagnosis(RepeatedHeader, Likely, "A signature header occurs more than once, and none of its values is right: "+c.Err.Error()+".")
	case HeaderMalformed:
		return NewDiagnosis(MalformedHeader, Likely, "A signature header cannot be read: "+c.Err.Error()+".")
	case TimestampStale, TimestampFuture:
		return NewDiagnosis(Clock, Likely, "The header's time is outside the accepted range, and the signature does not match either.")
	case AlgorithmRefused:
		return NewDiagnosis(SignatureEncoding, Likely, "Another signature algorithm or version is named: "+c.Err.Error()+".")
	case CertUnreachable, CertLimited, PayPalChain, PayPalChainUnlisted:
		return NewDiagnosis(NoCause, Unknown, "The signature could not be checked: "+c.Err.Error()+".")
	case CertURLRefused, CertRefused:
		return NewDiagnosis(Certificate, Likely, "The certificate cannot be PayPal's: "+c.Err.Error()+".")
	}
	switch {
	case len(c.Body) == 0:
		return NewDiagnosis(BodyEncoding, Likely, "The body is empty. Providers sign none: something consumed it before.")
	case !jsontext.Value(c.Body).IsValid(lenient()):
		return NewDiagnosis(BodyEncoding, Likely, "The body is not JSON: it is cut off, or in another encoding.")
	}
	return NewDiagnosis(NoCause, Unknown, "The signature matches under none of the known causes.")
}

// AgeText says how far a signed time is from now.
func AgeText(signed, now time.Time) string {
	age := now.Sub(signed).Truncate(time.Second)
	if age < 0 {
		return fmt.Sprintf("%d s (%v) after the clock's time", -age/time.Second, -age)
	}
	return fmt.Sprintf("%d s (%v) before the clock's time", age/time.Second, age)
}

// Shifts returns possible differences between the signed time and the header's, in
// seconds: time zones first, then five minutes in each direction.
func Shifts() []int64 {
	var shifts []int64
	for quarter := int64(1); quarter <= 14*4; quarter++ {
		shifts = append(shifts, quarter*900, -quarter*900)
	}
	for second := int64(1); second <= 300; second++ {
		shifts = append(shifts, second, -second)
	}
	return shifts
}

// ParseSum reads a SHA-256 sum in hex or in one of base64's alphabets, with or
// without padding.
func ParseSum(text string) (sum [sha256.Size]byte, ok bool) {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		standard := strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(text)
		decoded, err = base64.RawStdEncoding.DecodeString(standard)
	}
	if err != nil || len(decoded) != len(sum) {
		return sum, false
	}
	return [sha256.Size]byte(decoded), true
}

// ShownURL returns a URL for messages: without user information and the text of
// a query, which may hold a token.
func ShownURL(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	address, _, query := strings.Cut(rest, "?")
	host, path, slash := strings.Cut(address, "/")
	host = host[strings.LastIndex(host, "@")+1:]
	if slash {
		path = "/" + path
	}
	if query {
		path += "?…"
	}
	return scheme + "://" + host + path
}
