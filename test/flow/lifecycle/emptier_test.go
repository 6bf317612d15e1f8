package lifecycle

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// TestTheEmptierNeedsEachOfItsPermissions deletes a stack with all of them, which
// must use each, and one without each of them in turn: CloudFormation must hear
// what was denied. It takes a stack for each, since the emulator deletes all the
// rest of a stack whose custom resource fails.
func TestTheEmptierNeedsEachOfItsPermissions(t *testing.T) {
	root, err := emulator.Root()
	require.NoError(t, err)
	zips, err := emulator.BuildZips(t.Context(), root)
	require.NoError(t, err)
	e, err := emulator.Start(t.Context(), emulator.Options{Root: root})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.Stop()) })
	deploy := func(t *testing.T, suffix string) (*emulator.Stack, *roles.Role) {
		stack, err := e.Deploy(t.Context(), emulator.Deployment{
			Template: filepath.Join(root, "out", "stack.json"), Zips: zips, Suffix: suffix,
			Parameters: map[string]string{"ManageApiGatewayAccount": "false"},
		})
		require.NoError(t, err)
		all, err := roles.Find(t.Context(), stack)
		require.NoError(t, err)
		i := slices.IndexFunc(all, func(r *roles.Role) bool {
			return r.Type == roles.TypeOf(contract.EmptierName)
		})
		require.GreaterOrEqual(t, i, 0)
		return stack, all[i]
	}

	stack, emptier := deploy(t, "all")
	t.Run("all of them", func(t *testing.T) {
		t.Parallel()
		account := account{t, e}
		account.tag(stack)
		account.fill(stack)
		account.delete(stack)
		calls, err := e.Calls()
		require.NoError(t, err)
		assert.NoError(t, emptier.Minimal(calls))
	})
	for i, p := range emptier.Policy.Permissions() {
		if emptier.IsUnseen(p) {
			continue
		}
		t.Run(p.Action, func(t *testing.T) {
			t.Parallel()
			stack, emptier := deploy(t, fmt.Sprintf("no%d", i))
			account := account{t, e}
			account.tag(stack)
			account.fill(stack)
			require.NoError(t, emptier.Put(t.Context(), emptier.Policy.Without(p.Is)))

			_, err := e.AWS(t.Context(), "cloudformation", "delete-stack", "--stack-name", stack.Name)

			require.NoError(t, err)
			assert.Contains(t, account.failedDelete(stack), "not authorized to perform: "+p.Action)
		})
	}
}

// failedDelete waits for CloudFormation's reason why a stack could not be
// deleted.
func (a account) failedDelete(s *emulator.Stack) string {
	a.t.Helper()
	var reasons []string
	require.Eventually(a.t, func() bool {
		a.query(&reasons, "cloudformation", "describe-stack-events", "--stack-name", s.Name,
			"--query", "StackEvents[?ResourceStatus=='DELETE_FAILED'].ResourceStatusReason")
		return len(reasons) > 0
	}, 2*time.Minute, time.Second, "the stack was deleted")
	return strings.Join(reasons, "\n")
}
