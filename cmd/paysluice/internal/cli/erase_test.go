package cli

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// inArchive is an account with an empty table and an event with that id that is only in the
// archive. It returns the key too.
func inArchive(id string) (a account, key string) {
	now, body := time.Now().UnixMilli(), []byte(`{"secret":1}`)
	e := event.Event{
		Schema: event.Schema, ID: id, Provider: "stripe", Timestamp: now, ReceivedAt: now, Category: event.RefundSucceeded, PaymentID: "pi_1",
		Related: map[string]string{"customer": "cus_1"}, Payload: body, PayloadSHA256: event.HashPayload(body),
	}
	m := event.Archived{Schema: event.ArchiveSchema, FailureReason: contract.ReasonConflict, MessageID: "m", Message: []byte(event.Encode(e)), Event: &e}
	return account{
		"Query": `{"Items":[]}`, "BatchGetItem": `{"Responses":{"t":[]}}`,
		"list-type": "<ListBucketResult><Contents><Key>" + m.Key() + "</Key></Contents></ListBucketResult>", "x-id=GetObject": string(event.EncodeArchived(m)),
		"versions": "<ListVersionsResult><Version><Key>" + m.Key() + "</Key><VersionId>v</VersionId></Version></ListVersionsResult>", "?delete": "<DeleteResult/>",
	}, m.Key()
}

func TestEraseOnAnAccount(t *testing.T) {
	const asks, done = "This erases 1 payload of s and 1 object version in the bucket:\n  stripe:evt_1  refund.succeeded\n", "1 payload erased\n"
	whole, key := inArchive("stripe:evt_1")
	unnamed, its := inArchive("")
	glacier := strings.Replace(whole["list-type"], "</Key>", "</Key><StorageClass>GLACIER</StorageClass>", 1)
	mixed := mixed()
	mixed["?delete"] = "<DeleteResult/>"
	for _, row := range []struct {
		why, of string
		changed account
		code    int
		says    string
	}{
		{"an event that is only in the archive", "stripe:evt_1 --yes", nil, exitDone, asks + done},
		{"its payment", "--payment pi_1 --yes", nil, exitDone, asks + done},
		{"its customer", "--customer cus_1 --yes", nil, exitDone, asks + done},
		{"nobody confirms", "stripe:evt_1", nil, exitFailed, asks + "Erase them? Nobody can restore them. [y/N] "},
		{"an erasure that fails", "stripe:evt_1 --yes", account{"?delete": "!"}, exitFailed, asks + "not all payloads are erased; the same command erases the rest\npaysluice events erase: "},
		{"another id", "stripe:evt_2 --yes", nil, exitFailed, "not found: no event matches: neither the table nor the archive has stripe:evt_2\n"},
		{"an id without its provider", "evt_1 --yes", nil, exitFailed, "has evt_1: an event's id begins with its provider, such as stripe:evt_1PgcT2\n"},
		{"another payment", "--payment pi_2 --yes", nil, exitFailed, "has the payment or object pi_2\n"},
		{"another customer", "--customer cus_2 --yes", nil, exitFailed, "none names the customer cus_2: an earlier --since looks further back\n"},
		{"an id is in the key", "stripe:evt_1 --yes", account{"list-type": glacier}, exitDone, done},
		{"a payment is not", "--payment pi_1 --yes", account{"list-type": glacier}, exitFound, "left out: 4 archived messages in Glacier: repeat the command after paysluice failures restore\nno event matches: none of the rows and messages that can be read has it\n"},
		{"a message without an event", its + " --yes", unnamed, exitDone, "This erases 1 payload of s and 1 object version in the bucket:\n  " + its + "  refund.succeeded\n" + done},
		{"a payment that it may name", "--payment pi_2 --yes", unnamed, exitFound, "left out: 4 archived messages are no event: paysluice failures show KEY"},
		{"the key of an event's message", key + " --yes", nil, exitUsage, "is a message of the event stripe:evt_1: erase it by its id: paysluice events erase stripe:evt_1"},
		{"a key of nothing", "stripe/gone --yes", nil, exitFailed, "not found: the archive has no stripe/gone"},
		{"a key that cannot be read", key + " --yes", account{"x-id=GetObject": "!"}, exitFailed, "StatusCode: 400"},
		{"no permission to list", "stripe:evt_1 --yes", account{"list-type": "!"}, exitFailed, "StatusCode: 400"},
		{"no permission to list", "--customer cus_1 --yes", account{"list-type": "!"}, exitFailed, "StatusCode: 400"},
		{"a row that is not an event", "--customer re_1 --yes", mixed, exitFound, `left out: row of eventId "stripe:bad`},
		{"the others are erased", "--customer re_1 --yes", mixed, exitFound, "payloads erased\n"},
	} {
		answers := maps.Clone(whole)
		maps.Copy(answers, row.changed)
		serveStack(t, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead { // of an object in Glacier
					w.Header().Set("x-amz-storage-class", "GLACIER")
					w.Header().Set("x-amz-meta-event-id", "stripe:evt_1")
				}
				missing(h).ServeHTTP(w, r)
			})
		}, answers)
		var out bytes.Buffer
		assert.Equal(t, row.code, Run(t.Context(), strings.Fields("events erase "+row.of), strings.NewReader(""), &out, &out), "%s: %s", row.why, &out)
		assert.Contains(t, out.String(), row.says, row.why)
	}
}
