package flow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/senders"
)

// unseen are the permissions that AWS services use in a role's name. The
// emulator does not ask for them, so taking them away shows nothing here; each
// has the AWS text that demands it.
func unseen() map[permission]string {
	const (
		logs        = "Lambda Developer Guide, Sending Lambda function logs to CloudWatch Logs, IAM permissions"
		environment = "Lambda Developer Guide, Securing Lambda environment variables, permissions of the execution role"
		poller      = "Lambda Developer Guide, Using Lambda with Amazon SQS, permissions of the execution role"
		secretKey   = "Secrets Manager User Guide, Secret encryption and decryption, permissions for the KMS key"
		queueKey    = "SQS Developer Guide, Key management, configuring KMS permissions: producers both, consumers Decrypt"
		tableKey    = "DynamoDB Developer Guide, Encryption at rest usage notes; aws/aws-cdk#10010: Decrypt for writers too"
		bucketKey   = "S3 User Guide, Using server-side encryption with AWS KMS keys, permissions: GenerateDataKey to upload"
		gateway     = "API Gateway Developer Guide, Set up CloudWatch logging for REST APIs, permissions"
	)
	return map[permission]string{
		{"WriteLog", "logs:CreateLogStream"}:             logs,
		{"WriteLog", "logs:PutLogEvents"}:                logs,
		{"DecryptEnvironment", "kms:Decrypt"}:            environment,
		{"ReceiveEvents", "sqs:ReceiveMessage"}:          poller,
		{"ReceiveEvents", "sqs:DeleteMessage"}:           poller,
		{"ReceiveEvents", "sqs:GetQueueAttributes"}:      poller,
		{"UseKeyForSecret", "kms:Decrypt"}:               secretKey,
		{"UseKeyForQueues", "kms:GenerateDataKey"}:       queueKey,
		{"UseKeyForQueues", "kms:Decrypt"}:               queueKey,
		{"UseKeyForTable", "kms:Decrypt"}:                tableKey,
		{"ReceiveDeadLetters", "sqs:ReceiveMessage"}:     poller,
		{"ReceiveDeadLetters", "sqs:DeleteMessage"}:      poller,
		{"ReceiveDeadLetters", "sqs:GetQueueAttributes"}: poller,
		{"UseKeyForBucket", "kms:GenerateDataKey"}:       bucketKey,
		{"WriteLogs", "logs:CreateLogGroup"}:             gateway,
		{"WriteLogs", "logs:CreateLogStream"}:            gateway,
		{"WriteLogs", "logs:DescribeLogGroups"}:          gateway,
		{"WriteLogs", "logs:DescribeLogStreams"}:         gateway,
		{"WriteLogs", "logs:PutLogEvents"}:               gateway,
		{"WriteLogs", "logs:GetLogEvents"}:               gateway,
		{"WriteLogs", "logs:FilterLogEvents"}:            gateway,
	}
}

func isUnseen(p permission) bool {
	_, ok := unseen()[p]
	return ok
}

// TestEveryPermissionIsNeeded takes each action of each role away in the
// running stack. Either the flow fails for want of it, or it is among the
// unseen, all of which together the flow does not miss here. The emptier works
// only when the stack goes: test/lifecycle takes its permissions away.
func TestEveryPermissionIsNeeded(t *testing.T) {
	roles := findRoles(t)
	t.Cleanup(func() {
		for _, r := range roles {
			assert.NoError(t, r.put(context.WithoutCancel(t.Context()), r.policy))
		}
	})

	unused := unseen()
	for _, r := range roles {
		a := accountOf(r)
		require.NoError(t, exercise(t.Context(), a), "the flow with all permissions")
		for _, p := range r.policy.permissions() {
			if isUnseen(p) {
				delete(unused, p)
				continue
			}
			if strings.HasPrefix(r.Name, contract.EmptierName) {
				continue
			}
			t.Run(fmt.Sprintf("%s without %s (%s)", r.Name, p.action, p.sid), func(t *testing.T) {
				denials := r.denials(t, p.action)
				require.NoError(t, r.put(t.Context(), r.policy.without(p.is)))
				require.NoError(t, r.restartFunctions(t.Context()))

				err := exercise(t.Context(), a)

				require.Error(t, err, "nothing fails without it: take it out of the role, or name it in unseen")
				t.Log(err)
				assert.Greater(t, r.denials(t, p.action), denials, "it failed for another reason")
				require.NoError(t, r.put(t.Context(), r.policy))
				require.NoError(t, r.restartFunctions(t.Context()))
			})
		}
		require.NoError(t, exercise(t.Context(), a), "the flow with all permissions given back")
	}
	assert.Empty(t, unused, "no role has these")

	t.Run("all unseen ones at once", func(t *testing.T) {
		for _, r := range roles {
			require.NoError(t, r.put(t.Context(), r.policy.without(isUnseen)))
			require.NoError(t, r.restartFunctions(t.Context()))
		}
		for _, a := range accounts {
			require.NoError(t, exercise(t.Context(), a), "one is seen after all: take it out of unseen")
		}
	})
}

// accountOf is the provider whose processor has the role, or any for a role
// that all of them need.
func accountOf(r *role) *account {
	for _, a := range accounts {
		if strings.HasPrefix(r.Name, contract.ProcessorName(a.Provider)) {
			return a
		}
	}
	return accounts[0]
}

// exercise sends what makes every function do everything it can: a new event,
// another body under its key, a signed body that is no event, and one that is
// too large for a message.
func exercise(ctx context.Context, a *account) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	w, large := a.newWebhook(), a.newWebhook()
	large.body = bytes.Replace(large.body, []byte("{"), append([]byte("{"), bytes.Repeat([]byte(" "), 200<<10)...), 1)
	noEvent, other := w, w
	noEvent.body = []byte(senders.Mark + ", no event: " + w.id)
	other.body = a.Body(w.id, 999)

	for _, sent := range []webhook{w, noEvent, large} {
		if err := accepted(ctx, sent); err != nil {
			return err
		}
	}
	if err := errors.Join(waitForRow(ctx, w.eventID()), waitForRow(ctx, large.eventID())); err != nil {
		return err
	}
	if err := accepted(ctx, other); err != nil {
		return err
	}
	return errors.Join(
		waitForArchived(ctx, noEvent, "envelope_unreadable"),
		waitForArchived(ctx, other, contract.ReasonConflict),
	)
}

// accepted sends a webhook, a few times: a function that was just restarted
// may still answer with what the one before it knew.
func accepted(ctx context.Context, w webhook) error {
	var status int
	for range 3 {
		var err error
		if status, _, err = w.send(ctx); err != nil {
			return err
		}
		if status == http.StatusOK {
			return nil
		}
		time.Sleep(time.Second)
	}
	return fmt.Errorf("answered %d", status)
}

func waitForRow(ctx context.Context, id string) error {
	for ctx.Err() == nil {
		found, err := rows(ctx, id)
		if err != nil || len(found) > 0 {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.New("the event was not stored")
}

func waitForArchived(ctx context.Context, w webhook, reason string) error {
	m, err := awaitArchived(ctx, w.Provider.Name+"/", ofBody(w.body))
	if err == nil && m.FailureReason != reason {
		err = fmt.Errorf("archived for %s, not for %s", m.FailureReason, reason)
	}
	return err
}

// policy is a role's policy document as IAM returns it.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  any
	Condition any `json:",omitempty"`
}

// permission is one action of one statement.
type permission struct{ sid, action string }

func (p permission) is(other permission) bool { return p == other }

func (p policy) permissions() []permission {
	var all []permission
	for _, s := range p.Statement {
		for _, action := range s.Action {
			all = append(all, permission{s.Sid, action})
		}
	}
	return all
}

// without is the policy less the permissions that are gone.
func (p policy) without(gone func(permission) bool) policy {
	less := policy{Version: p.Version}
	for _, s := range p.Statement {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool {
			return gone(permission{s.Sid, action})
		})
		if len(s.Action) > 0 {
			less.Statement = append(less.Statement, s)
		}
	}
	return less
}
