package flow_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/flow/roles"
)

func TestPoisonIsReceivedThreeTimesAndEndsInTheArchive(t *testing.T) {
	good := accounts[0].newWebhook()
	poison := "not our message: " + good.id
	sent, err := queueClient().SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: new(stack.Outputs["QueueUrl"]), MessageBody: &poison,
	})
	require.NoError(t, err)
	deliver(t, good, http.StatusOK)

	requireRow(t, good.eventID())
	m := requireArchived(t, contract.UnknownPrefix, func(m event.Archived) bool { return m.MessageID == *sent.MessageId })
	assert.Equal(t, poison, string(m.Message))
	assert.Equal(t, contract.ReasonReceivesExhausted, m.FailureReason)
	assert.Equal(t, 4, m.ReceiveCount, "three receives by the consumer, one by the archiver")
	assert.Equal(t, m.Key(), m.key)
	day := time.UnixMilli(m.SentAt).UTC().Format("2006/01/02")
	assert.True(t, strings.HasPrefix(m.key, contract.UnknownPrefix+day+"/"+*sent.MessageId+"-"), m.key)

	head, err := objectClient().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: new(stack.Outputs["BucketName"]), Key: &m.key})
	require.NoError(t, err)
	assert.Equal(t, m.Metadata(), head.Metadata)
	for function, says := range map[string]string{
		contract.ConsumerName: `"messageId":"` + *sent.MessageId + `"`,
		contract.ArchiverName: m.key,
	} {
		lines, err := stack.Logs(t.Context(), function)
		require.NoError(t, err)
		assert.Contains(t, strings.Join(errorLines(lines), "\n"), says, "%s does not log what identifies it", function)
	}
}

func errorLines(lines []string) []string {
	var found []string
	for _, line := range lines {
		if strings.Contains(line, `"level":"ERROR"`) {
			found = append(found, line)
		}
	}
	return found
}

// TestTableOutOfReach takes the table's permission from the consumer, expects
// the accepted events in the archive, restores the permission and replays.
func TestTableOutOfReach(t *testing.T) {
	skipShort(t)
	all, err := roles.Find(t.Context(), stack)
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(r *roles.Role) bool { return strings.HasPrefix(r.Name, contract.ConsumerName) })
	consumer := all[i]
	restore := func(ctx context.Context) error { return consumer.Put(ctx, consumer.Policy) }
	t.Cleanup(func() { assert.NoError(t, restore(context.WithoutCancel(t.Context()))) })
	require.NoError(t, consumer.Put(t.Context(), consumer.Policy.Without(func(p roles.Permission) bool {
		return p.Action == "dynamodb:PutItem"
	})))

	var sent []webhook
	for _, a := range accounts {
		for range 3 {
			w := a.newWebhook()
			deliver(t, w, http.StatusOK)
			sent = append(sent, w)
		}
	}
	for _, w := range sent {
		m := requireArchived(t, w.Provider.Name+"/", ofBody(w.body))
		assert.Equal(t, contract.ReasonReceivesExhausted, m.FailureReason)
		assert.Equal(t, w.body, m.Event.Payload)
		assert.Equal(t, w.eventID(), m.Event.ID)
	}

	require.NoError(t, restore(t.Context()))
	for _, a := range accounts {
		assert.Contains(t, replay(t, a.Provider.Name+"/", "-dry-run"), contract.ReasonReceivesExhausted)
		mine, err := rows(t.Context(), sent[0].eventID())
		require.NoError(t, err)
		if a == accounts[0] {
			assert.Empty(t, mine, "a dry run sends nothing")
		}
		// Messages of other tests may fail again.
		missing := replay(t, a.Provider.Name+"/")
		for _, w := range sent {
			assert.NotContains(t, missing, w.eventID())
		}
	}
	for _, w := range sent {
		assert.Equal(t, w.body, requireRow(t, w.eventID()).Payload)
	}
	assert.NotContains(t, replay(t, accounts[0].Provider.Name+"/"), "receives-exhausted", "the table has all of them")
	requireEmpty(t, "QueueUrl")
	for _, w := range sent {
		requireRow(t, w.eventID())
	}
}

// replay runs paysluice replay with the flags of the first release and returns what
// it prints: the plan of a dry run, or the events that are missing afterwards.
func replay(t *testing.T, prefix string, flags ...string) string {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	args := append([]string{
		"run", "./cmd/paysluice", "replay", "--bucket", stack.Outputs["BucketName"],
		"--queue", stack.Outputs["QueueUrl"], "--prefix", prefix, "--rate", "1000", "-o", "json",
	}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = root, append(append(os.Environ(), "PAYSLUICE_STACK="+stack.Name), stack.ClientEnvironment()...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil { // go run reports the code of a program that found something wrong
		require.Contains(t, problems.String(), "exit status 3")
	}
	return string(out)
}

// TestBurst sends 1,250 webhooks, or 200 with -short, a fifth of them forged, as fast as
// the emulator takes them, and counts them at every stage.
func TestBurst(t *testing.T) {
	genuine, forged := 1000, 250
	if testing.Short() {
		genuine, forged = 160, 40
	}
	requireEmpty(t, "QueueUrl")
	requireEmpty(t, "DeadLetterQueueUrl")
	before := count(t)

	sent := burst(t, genuine, forged)

	requireEmpty(t, "QueueUrl")
	requireEmpty(t, "DeadLetterQueueUrl")
	want := before
	want.rows += genuine
	want.accepted += genuine
	want.stored += genuine
	want.rejected += forged
	got := count(t)
	// On a busy machine Lambda stops a few consumers after their writes: the rows are there,
	// and three such receives of a message end in the archive.
	if late := got.objects - want.objects; late > 0 && late <= genuine/100 && got.stored >= want.stored-late {
		t.Logf("%d stored events are archived too", late)
		want.objects, want.stored = got.objects, got.stored
	}
	assert.Equal(t, want, got, "accepted, rejected and stored, with nothing in the bucket")
	table, err := stack.Events(t.Context())
	require.NoError(t, err)
	rows := map[string]int{}
	for _, e := range table {
		rows[e.ID]++
	}
	for _, w := range sent {
		want := 1
		if w.secret != w.account.secret {
			want = 0
		}
		assert.Equal(t, want, rows[w.eventID()], "rows of %s", w.eventID())
	}
}

// burst sends webhooks of all providers, 16 at a time, and checks each status. Like
// a provider, it sends again what is answered 503, as when a busy machine delays a certificate.
func burst(t *testing.T, genuine, forged int) (sent []webhook) {
	t.Helper()
	for i := range genuine + forged {
		w := accounts[i%len(accounts)].newWebhook()
		if i%(genuine/forged+1) == 0 {
			w.secret = w.NewSecret()
		}
		sent = append(sent, w)
	}
	work := make(chan webhook)
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for w := range work {
				want := http.StatusOK
				if w.secret != w.account.secret {
					want = http.StatusUnauthorized
				}
				status, _, err := w.send(t.Context())
				for tries := 1; tries < 5 && status == http.StatusServiceUnavailable; tries++ {
					time.Sleep(time.Second)
					status, _, err = w.send(t.Context())
				}
				assert.NoError(t, err)
				assert.Equal(t, want, status, w.eventID())
			}
		})
	}
	for _, w := range sent {
		work <- w
	}
	close(work)
	senders.Wait()
	return sent
}

// counts holds the number of webhooks at every stage.
type counts struct {
	accepted, rejected, stored int // sums of the functions' metrics
	rows, objects              int
}

func count(t *testing.T) (c counts) {
	t.Helper()
	for _, a := range accounts {
		name := contract.ProcessorName(a.Provider)
		c.accepted += sum(t, name, contract.MetricAccepted)
		c.rejected += sum(t, name, contract.MetricRejected)
	}
	c.stored = sum(t, contract.ConsumerName, contract.MetricStored)
	table, err := stack.Events(t.Context())
	require.NoError(t, err)
	c.rows = len(table)
	for _, err := range archive().Keys(t.Context(), "", "") {
		require.NoError(t, err)
		c.objects++
	}
	return c
}

// sum adds up a metric over everything that a function has logged.
func sum(t *testing.T, function, metric string) (total int) {
	t.Helper()
	lines, err := stack.Logs(t.Context(), function)
	require.NoError(t, err)
	for _, line := range lines {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil {
			n, _ := fields[metric].(float64)
			total += int(n)
		}
	}
	return total
}
