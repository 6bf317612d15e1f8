package flow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// TestEveryPermissionIsNeeded takes each action of each role away in the
// running stack. Either the flow fails for want of it, or it is among the
// unseen, all of which together the flow does not miss here. The emptier works
// only when the stack goes: test/flow/lifecycle takes its permissions away.
func TestEveryPermissionIsNeeded(t *testing.T) {
	all, err := roles.Find(t.Context(), stack)
	require.NoError(t, err)
	require.NotEmpty(t, all)
	t.Cleanup(func() {
		for _, r := range all {
			assert.NoError(t, r.Put(context.WithoutCancel(t.Context()), r.Policy))
		}
	})

	for _, r := range all {
		a := accountOf(r)
		require.NoError(t, exercise(t.Context(), a), "the flow with all permissions")
		for _, p := range r.Policy.Permissions() {
			if r.IsUnseen(p) || r.Type == roles.TypeOf(contract.EmptierName) {
				continue
			}
			t.Run(fmt.Sprintf("%s without %s (%s)", r.Name, p.Action, p.Sid), func(t *testing.T) {
				before, err := r.Denials(t.Context(), p.Action)
				require.NoError(t, err)
				require.NoError(t, r.Put(t.Context(), r.Policy.Without(p.Is)))

				failure := exercise(t.Context(), a)

				require.Error(t, failure, "nothing fails without it: take it out of the role, or name it in package roles as unseen")
				t.Log(failure)
				after, err := r.Denials(t.Context(), p.Action)
				require.NoError(t, err)
				assert.Greater(t, after, before, "it failed for another reason")
				require.NoError(t, r.Put(t.Context(), r.Policy))
			})
		}
		require.NoError(t, exercise(t.Context(), a), "the flow with all permissions given back")
	}

	t.Run("all unseen ones at once", func(t *testing.T) {
		for _, r := range all {
			require.NoError(t, r.Put(t.Context(), r.Policy.Without(r.IsUnseen)))
		}
		for _, a := range accounts {
			require.NoError(t, exercise(t.Context(), a), "one is seen after all: take it out of the unseen in package roles")
		}
	})
}

// accountOf is the provider whose processor has the role, or any for a role
// that all of them need.
func accountOf(r *roles.Role) *account {
	for _, a := range accounts {
		if r.Type == roles.TypeOf(contract.ProcessorName(a.Provider)) {
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
