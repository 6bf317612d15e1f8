package flow_test

import (
	"context"
	"fmt"
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
	"github.com/paysluice/paysluice/test/roles"
)

func TestPoisonIsReceivedThreeTimesAndEndsInTheArchive(t *testing.T) {
	good := accounts[0].newWebhook()
	poison := "no message of ours: " + good.id
	sent, err := queueClient().SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: new(stack.Outputs["QueueUrl"]), MessageBody: &poison,
	})
	require.NoError(t, err)
	deliver(t, good, http.StatusOK)

	requireRow(t, good.eventID())
	m := requireArchived(t, contract.UnknownPrefix, func(m event.Archived) bool { return string(m.Message) == poison })
	assert.Equal(t, contract.ReasonReceivesExhausted, m.FailureReason)
	assert.Equal(t, 4, m.ReceiveCount, "three by the consumer, one by the archiver")
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
		assert.Contains(t, strings.Join(errorLines(lines), "\n"), says, "%s says nothing to find it by", function)
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

// TestTableOutOfReach takes the table away from the consumer, sees what was
// accepted meanwhile in the archive, gives the table back and replays.
func TestTableOutOfReach(t *testing.T) {
	all, err := roles.Find(t.Context(), stack)
	require.NoError(t, err)
	i := slices.IndexFunc(all, func(r *roles.Role) bool { return strings.HasPrefix(r.Name, contract.ConsumerName) })
	consumer := all[i]
	giveBack := func(ctx context.Context) error { return consumer.Put(ctx, consumer.Policy) }
	t.Cleanup(func() { assert.NoError(t, giveBack(context.WithoutCancel(t.Context()))) })
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

	require.NoError(t, giveBack(t.Context()))
	for _, a := range accounts {
		dry := replay(t, a.Provider.Name+"/", "-dry-run")
		mine, err := rows(t.Context(), sent[0].eventID())
		require.NoError(t, err)
		if a == accounts[0] {
			assert.Empty(t, mine, "a dry run sends nothing")
		}
		assert.Equal(t, dry, replay(t, a.Provider.Name+"/"), "what a dry run names is what is sent")
	}
	for _, w := range sent {
		assert.Equal(t, w.body, requireRow(t, w.eventID()).Payload)
	}
	replay(t, accounts[0].Provider.Name+"/")
	requireEmpty(t, "QueueUrl")
	for _, w := range sent {
		requireRow(t, w.eventID())
	}
}

// replay runs paysluice replay as an operator would, and returns the keys that
// it prints.
func replay(t *testing.T, prefix string, flags ...string) (keys string) {
	t.Helper()
	root, err := emulator.Root()
	require.NoError(t, err)
	args := append([]string{
		"run", "./cmd/paysluice", "replay", "-bucket", stack.Outputs["BucketName"],
		"-queue", stack.Outputs["QueueUrl"], "-prefix", prefix, "-rate", "1000",
	}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), stack.ClientEnvironment()...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	require.NoError(t, err, problems.String())
	require.NotEmpty(t, out, problems.String())
	return string(out)
}

// TestBurst sends a thousand webhooks at once, every fifth of them forged, and
// counts at every stage.
func TestBurst(t *testing.T) {
	const all, senders = 1000, 16
	var (
		mu       sync.Mutex
		statuses = map[int]int{}
		accepted []webhook
		work     = make(chan int)
		running  sync.WaitGroup
	)
	for range senders {
		running.Go(func() {
			for i := range work {
				a := accounts[i%len(accounts)]
				w := a.newWebhook()
				if i%5 == 0 {
					w.secret = a.NewSecret()
				}
				status, _, err := w.send(t.Context())
				assert.NoError(t, err)
				mu.Lock()
				statuses[status]++
				if status == http.StatusOK {
					accepted = append(accepted, w)
				}
				mu.Unlock()
			}
		})
	}
	for i := range all {
		work <- i
	}
	close(work)
	running.Wait()

	assert.Equal(t, map[int]int{http.StatusOK: all * 4 / 5, http.StatusUnauthorized: all / 5}, statuses)
	requireEmpty(t, "QueueUrl")
	requireEmpty(t, "DeadLetterQueueUrl")
	table, err := stack.Events(t.Context())
	require.NoError(t, err)
	rows := map[string]int{}
	for _, e := range table {
		rows[e.ID+fmt.Sprint(e.Timestamp)]++
	}
	for _, w := range accepted {
		assert.Equal(t, 1, rows[w.eventID()+"1780000000000"], w.eventID())
	}
}
