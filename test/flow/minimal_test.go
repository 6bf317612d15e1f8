package flow_test

import (
	"context"
	"errors"
	"flag"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/flow/roles"
)

// checkRoles looks for what a role may do and no function did. It runs after
// all tests. The emptier works only when the stack goes: test/flow/lifecycle looks at
// its role.
func checkRoles(ctx context.Context) error {
	all, err := roles.Find(ctx, stack)
	if err != nil {
		return err
	}
	calls, err := stack.Calls()
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Type != roles.TypeOf(contract.EmptierName) {
			err = errors.Join(err, r.Minimal(calls))
		}
	}
	return err
}

// wholeSuite is false when go test was told which tests to run: some calls are
// then not made.
func wholeSuite() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
}
