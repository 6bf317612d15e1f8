package operator_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// reader returns the session of somebody who follows a page, and answers each question with y.
func reader(t *testing.T) session {
	s := root()
	s.stdin, s.dir = "y\n", t.TempDir()
	return s
}

// write puts a file into the folder of the session.
func (s session) write(t *testing.T, name string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), content, 0o600))
}

// slashed writes event.json, a webhook that Square signed for the URL with a slash at its end.
func (s session) slashed(t *testing.T) {
	t.Helper()
	square := accounts["square"]
	body := square.Body(square.NewID(), 4999, senders.Created)
	slash := senders.Square(stack.Outputs["SquareUrl"] + "/")
	content, err := os.ReadFile(captured(t, square, slash.Header(body, square.secret, time.Now()), body))
	require.NoError(t, err)
	s.write(t, "event.json", content)
}

func TestPageOperating(t *testing.T) {
	if testing.Short() {
		t.Skip("not run: a step of make verify plays the page")
	}
	s := reader(t)
	id, _ := store(t, contract.Stripe())
	actions := func(verb string) func() {
		return func() { aws(t, "cloudwatch", verb+"-alarm-actions", "--alarm-names", "page-intake-operator") }
	}
	var failed []event.Archived
	values := map[string]string{"stripe:evt_1PgcT2": id, "20261130T090212Z-k3v7qa": "", "2026-11-23T08:55:11Z": "", "2026-11-30T08:57:12Z": ""}
	const revert = "the emulator makes an ordinary change set of a drift-aware one, and the template has no change"
	s.play(t, "docs/operating.md", plan{
		replace: values,
		before: map[string]func(){
			"paysluice doctor":                           actions("disable"),
			"paysluice verify square --event event.json": func() { s.slashed(t) },
			"paysluice failures stats --since 3h": func() {
				failed = archive(t, 3, contract.ReasonReceivesExhausted, time.Now().Truncate(time.Millisecond), "") // TestReplay looks at those of an hour ago
			},
			"paysluice replay list": func() {
				at, filter := day(9)
				all := archive(t, 40, contract.ReasonReceivesExhausted, at, "")
				r := root().interrupted(t, func(string, string) bool { return paysluice(t, "events", "get", all[0].Event.ID).code == 0 },
					with(filter, "replay", "--yes", "--rate", "10")...)
				require.Equal(t, 130, r.code, r.stderr)
				values["20261130T090212Z-k3v7qa"] = runID(t, r.stderr)
			},
			"paysluice failures unpublished": func() {
				aws(t, "sqs", "send-message", "--queue-url", stack.Outputs["UnpublishedQueueUrl"], "--message-body",
					fmt.Sprintf(`{"requestContext":{"condition":"RecordAgeExceeded"},"DDBStreamBatchInfo":{"shardId":"shard-1","startSequenceNumber":"1",`+
						`"endSequenceNumber":"7","approximateArrivalOfFirstRecord":%q,"approximateArrivalOfLastRecord":%[1]q}}`, time.Now().UTC().Format(time.RFC3339)))
			},
			"detection=…": func() { visibility(t, "299") },
			"paysluice events republish --received-since…": func() {
				values["2026-11-23T08:55:11Z"] = time.Now().UTC().Format(time.RFC3339Nano)
				store(t, contract.Stripe())
				values["2026-11-30T08:57:12Z"] = time.Now().UTC().Format(time.RFC3339Nano)
			},
		},
		after: map[string]func(){
			"paysluice doctor": actions("enable"),
			"aws cloudformation execute-change-set…": func() {
				aws(t, "cloudformation", "delete-change-set", "--stack-name", stack.Name, "--change-set-name", "revert")
			},
			"paysluice replay --since 3h --reason receives-exhausted": func() {
				for _, m := range failed {
					assert.Equal(t, string(m.Event.Payload), paysluice(t, "events", "payload", m.Event.ID).stdout)
				}
			},
			"paysluice events republish stripe:evt_1PgcT2": func() { publishedTo(t, id, ", replay ") },
			"paysluice events republish --received-since…": func() {
				require.Equal(t, 0, paysluice(t, "failures", "unpublished", "--remove", "--yes").code)
			},
			"aws cloudformation describe-stack-resource-drifts…": func() { visibility(t, "300") },
			"paysluice events erase stripe:evt_1PgcT2": func() {
				assert.Contains(t, paysluice(t, "events", "payload", id).stderr, "was erased on ")
			},
		},
		refused: map[string]string{
			"aws cloudformation wait change-set-create-complete…": revert,
			"aws cloudformation execute-change-set…":              revert,
		},
	})
}
