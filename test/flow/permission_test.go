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

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// TestEveryPermissionIsNeeded removes each action of each role in the running
// stack and expects the flow to fail because of it. The exceptions are the
// unseen permissions; without all of those together the flow must still work.
// The emptier's role is tested when a stack is deleted.
func TestEveryPermissionIsNeeded(t *testing.T) {
	skipShort(t)
	reconciler := newReconciled(t, true)
	all, err := roles.Find(t.Context(), stack)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	t.Cleanup(func() {
		for _, r := range all {
			assert.NoError(t, r.Put(context.WithoutCancel(t.Context()), r.Policy))
		}
	})

	published, err := subscribe(t.Context(), stack, "permissions", "")
	require.NoError(t, err)
	publishes := func(ctx context.Context) error { return exercisePublisher(ctx, stack, published) }
	side := map[*roles.Role]func(context.Context) error{} // none of their functions calls another
	for _, r := range all {
		switch {
		case r.Type == roles.TypeOf(contract.EmptierName):
		case r.Type == roles.TypeOf(contract.ReconcilerName):
			side[r] = reconciler.exercise
		case strings.HasSuffix(r.Type, roles.TypeOf("-processor")):
			side[r] = accountOf(t, r).exercise
		case r.Type == roles.TypeOf(contract.PublisherName):
			t.Run(r.Type, func(t *testing.T) { removeEach(t, r, publishes) })
		default:
			t.Run(r.Type, func(t *testing.T) { removeEach(t, r, guarded(t).exercise) })
		}
	}
	t.Run("side by side", func(t *testing.T) {
		require.Len(t, side, 1+len(accounts))
		for r, exercise := range side {
			t.Run(r.Type, func(t *testing.T) {
				t.Parallel()
				removeEach(t, r, exercise)
			})
		}
	})
	t.Run("all unseen ones at once", func(t *testing.T) {
		for _, r := range all {
			require.NoError(t, r.Put(t.Context(), r.Policy.Without(r.IsUnseen)))
		}
		for _, a := range accounts {
			require.NoError(t, a.exercise(t.Context()), "one is needed after all: remove it from package roles")
		}
		require.NoError(t, publishes(t.Context()), "one is needed after all: remove it from package roles")
		require.NoError(t, reconciler.exercise(t.Context()), "one is needed after all: remove it from package roles")
	})
}

// removeEach removes each permission of a role in turn, except the unseen ones. exercise
// needs all of them.
func removeEach(t *testing.T, r *roles.Role, exercise func(context.Context) error) {
	start := time.Now()
	require.NoError(t, exercise(t.Context()), "the flow with all permissions")
	patience := 3 * time.Since(start)
	for _, p := range r.Policy.Permissions() {
		if r.IsUnseen(p) {
			continue
		}
		t.Run(fmt.Sprintf("without %s (%s)", p.Action, p.Sid), func(t *testing.T) {
			before, err := r.Denials(t.Context(), p.Action)
			require.NoError(t, err)
			require.NoError(t, r.Put(t.Context(), r.Policy.Without(p.Is)))

			require.NoError(t, forgetCertificates(t.Context()))
			ctx, stop := untilDenied(t.Context(), r, p.Action, before, patience)
			failure := exercise(ctx)
			stop()

			if p == (roles.Permission{Sid: "ReadCertificates", Action: "s3:GetObject"}) {
				assert.NoError(t, failure, "each function instance fetches the certificate for itself")
			} else {
				require.Error(t, failure, "the flow works without it: remove it from the role, or list it in package roles as unseen")
				t.Log(failure)
			}
			after, err := r.Denials(t.Context(), p.Action)
			require.NoError(t, err)
			assert.Greater(t, after, before, "the flow failed for another reason")
			require.NoError(t, r.Put(t.Context(), r.Policy))
		})
	}
	require.NoError(t, exercise(t.Context()), "the flow with all permissions restored")
}

// untilDenied returns a context that ends when the role's functions have reported more
// than before denials of the action, and the flow has had patience to work in spite of it.
func untilDenied(ctx context.Context, r *roles.Role, action string, before int, patience time.Duration) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	go func() {
		for ctx.Err() == nil {
			if n, err := r.Denials(ctx, action); err == nil && n > before {
				time.AfterFunc(patience, stop)
				return
			}
			time.Sleep(time.Second)
		}
	}()
	return ctx, stop
}

// forgetCertificates deletes what the instances of PayPal's processor share, so that
// the next one has to fetch and to share.
func forgetCertificates(ctx context.Context) error {
	for _, prefix := range []string{contract.CertificatePrefix, contract.FetchPrefix} {
		for key, err := range archive().Keys(ctx, prefix, "") {
			if err == nil {
				_, err = objectClient().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: new(stack.Outputs["BucketName"]), Key: &key})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// guarded returns a provider whose events need every permission of the consumer.
func guarded(t *testing.T) *account {
	t.Helper()
	i := slices.IndexFunc(accounts, func(a *account) bool { return a.Provider.Guarded })
	require.GreaterOrEqual(t, i, 0)
	return accounts[i]
}

// accountOf returns the provider whose processor has the role.
func accountOf(t *testing.T, r *roles.Role) *account {
	t.Helper()
	for _, a := range accounts {
		if r.Type == roles.TypeOf(contract.ProcessorName(a.Provider)) {
			return a
		}
	}
	require.Fail(t, "no provider has the role "+r.Name)
	return nil
}

// exercise sends webhooks that need everything a function can do: a new event,
// another body with its key, a signed body that is not an event, and a body that
// is too large for a message.
func (a *account) exercise(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	w, large := a.newWebhook(), a.newWebhook().padded(200<<10)
	noEvent, other := w, w
	noEvent.body = []byte(senders.Mark + ", no event: " + w.id)
	other.body = a.Body(w.id, 999, senders.Created)

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

// accepted sends a webhook up to three times, because a function that is being
// restarted may use its cache once more.
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
	return fmt.Errorf("the status is %d", status)
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
