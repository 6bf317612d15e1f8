package flow_test

import (
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
	"github.com/paysluice/paysluice/handlers/event"
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
		gateway     = "API Gateway Developer Guide, Set up CloudWatch logging for REST APIs, permissions"
	)
	return map[permission]string{
		{"WriteLog", "logs:CreateLogStream"}:        logs,
		{"WriteLog", "logs:PutLogEvents"}:           logs,
		{"DecryptEnvironment", "kms:Decrypt"}:       environment,
		{"ReceiveEvents", "sqs:ReceiveMessage"}:     poller,
		{"ReceiveEvents", "sqs:DeleteMessage"}:      poller,
		{"ReceiveEvents", "sqs:GetQueueAttributes"}: poller,
		{"UseKeyForSecret", "kms:Decrypt"}:          secretKey,
		{"UseKeyForQueues", "kms:GenerateDataKey"}:  queueKey,
		{"UseKeyForQueues", "kms:Decrypt"}:          queueKey,
		{"UseKeyForTable", "kms:Decrypt"}:           tableKey,
		{"WriteLogs", "logs:CreateLogGroup"}:        gateway,
		{"WriteLogs", "logs:CreateLogStream"}:       gateway,
		{"WriteLogs", "logs:DescribeLogGroups"}:     gateway,
		{"WriteLogs", "logs:DescribeLogStreams"}:    gateway,
		{"WriteLogs", "logs:PutLogEvents"}:          gateway,
		{"WriteLogs", "logs:GetLogEvents"}:          gateway,
		{"WriteLogs", "logs:FilterLogEvents"}:       gateway,
	}
}

func isUnseen(p permission) bool {
	_, ok := unseen()[p]
	return ok
}

// TestEveryPermissionIsNeeded takes each action of each role away in the
// running stack. Either the flow fails for want of it, or it is among the
// unseen, all of which together the flow does not miss here.
func TestEveryPermissionIsNeeded(t *testing.T) {
	require.NoError(t, exercise(t.Context()), "the flow with all permissions")
	roles := findRoles(t)
	t.Cleanup(func() {
		for _, r := range roles {
			assert.NoError(t, r.put(context.WithoutCancel(t.Context()), r.policy))
		}
	})

	unused := unseen()
	for _, r := range roles {
		for _, p := range r.policy.permissions() {
			if isUnseen(p) {
				delete(unused, p)
				continue
			}
			t.Run(fmt.Sprintf("%s without %s (%s)", r.Name, p.action, p.sid), func(t *testing.T) {
				denials := r.denials(t, p.action)
				require.NoError(t, r.put(t.Context(), r.policy.without(p.is)))
				require.NoError(t, r.restartFunctions(t.Context()))

				err := exercise(t.Context())

				require.Error(t, err, "nothing fails without it: take it out of the role, or name it in unseen")
				t.Log(err)
				assert.Greater(t, r.denials(t, p.action), denials, "it failed for another reason")
				require.NoError(t, r.put(t.Context(), r.policy))
				require.NoError(t, r.restartFunctions(t.Context()))
				require.NoError(t, exercise(t.Context()), "the flow with the permission given back")
			})
		}
	}
	assert.Empty(t, unused, "no role has these")

	t.Run("all unseen ones at once", func(t *testing.T) {
		for _, r := range roles {
			require.NoError(t, r.put(t.Context(), r.policy.without(isUnseen)))
			require.NoError(t, r.restartFunctions(t.Context()))
		}
		require.NoError(t, exercise(t.Context()), "one is seen after all: take it out of unseen")
	})
}

// exercise sends what makes every function do everything it can: a new event,
// another body under its key, and a signed body that is no event.
func exercise(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()

	w, id := newWebhook()
	other := w
	other.body = strings.ReplaceAll(w.body, "100", "999")
	noEvent := w
	noEvent.body = "marked, no event: " + id

	if err := errors.Join(accepted(ctx, w), accepted(ctx, noEvent)); err != nil {
		return err
	}
	if err := waitForRow(ctx, id); err != nil {
		return err
	}
	if err := accepted(ctx, other); err != nil {
		return err
	}
	return errors.Join(
		waitForDeadLetter(ctx, "envelope_unreadable", event.HashPayload([]byte(noEvent.body))),
		waitForDeadLetter(ctx, contract.ReasonConflict, event.HashPayload([]byte(other.body))),
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

func waitForDeadLetter(ctx context.Context, reason, hash string) error {
	if _, found := findDeadLetter(ctx, func(d deadLetter) bool {
		return d.failureReason == reason && strings.Contains(d.body, hash)
	}); !found {
		return fmt.Errorf("nothing in webhook-dlq for reason %s", reason)
	}
	return nil
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
