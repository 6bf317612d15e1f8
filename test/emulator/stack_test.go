package emulator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInvokeURL(t *testing.T) {
	got, err := invokeURL("https://127.0.0.1:8443", "https://a1b2.execute-api.us-east-1.amazonaws.com/live/stripe")
	require.NoError(t, err)
	assert.Equal(t, "https://127.0.0.1:8443/_aws/execute-api/a1b2/live/stripe", got)

	for why, output := range map[string]string{
		"the output is missing": "",
		"a domain of one's own": "https://hooks.example.com/stripe",
		"not a URL":             "https://%zz",
	} {
		_, err := invokeURL("https://127.0.0.1:8443", output)
		assert.Error(t, err, why)
	}
}

func TestLogged(t *testing.T) {
	lines := []string{
		"START RequestId: 1 Version: $LATEST",
		`{"message":"batch handled","Stored":1,"reason":"none"}`,
	}
	for _, row := range []struct {
		why, name string
		value     any
		want      bool
	}{
		{"a count, which JSON reads as a float", "Stored", 1, true},
		{"a text", "reason", "none", true},
		{"another value", "Stored", 11, false},
		{"no such member", "Duplicates", 1, false},
		{"a missing member is not the text <nil>", "Duplicates", "<nil>", false},
	} {
		assert.Equal(t, row.want, Logged(lines, row.name, row.value), row.why)
	}
}

func TestFirstFailureIsTheCause(t *testing.T) {
	event := func(id string, status types.ResourceStatus) types.StackEvent {
		return types.StackEvent{LogicalResourceId: &id, ResourceStatus: status}
	}
	got, ok := firstFailure([]types.StackEvent{
		event("paysluice-demo", "ROLLBACK_COMPLETE"),
		event("Table", types.ResourceStatusCreateFailed), // cancelled because of Key
		event("Key", types.ResourceStatusCreateFailed),
		event("Key", types.ResourceStatusCreateInProgress),
	})
	assert.True(t, ok)
	assert.Equal(t, "Key", *got.LogicalResourceId)

	_, ok = firstFailure(nil)
	assert.False(t, ok)
}

func TestAwait(t *testing.T) {
	early, late := errors.New("not yet"), errors.New("still not")
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		assert.NoError(t, Await(t.Context(), func(context.Context) error {
			if calls++; calls < 3 {
				return early
			}
			return nil
		}))
		assert.Equal(t, 3, calls)

		err := Await(t.Context(), func(ctx context.Context) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return late
		})
		assert.ErrorIs(t, err, late, "the last error, not the timeout")
	})
}

func TestDeployFailuresNameTheCause(t *testing.T) {
	e := start(t)
	root := t.TempDir()
	zips, noZips := filepath.Join(root, "0123456789ab"), filepath.Join(root, "ffffffffffff")
	require.NoError(t, os.MkdirAll(zips, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(zips, "x.zip"), []byte("zip"), 0o644))

	const queue = `{"Type":"AWS::SQS::Queue"}`
	for _, row := range []struct {
		why, name, resources, zips, says string
		parameters                       map[string]string
		class                            error // nil: not an error of the deployment
	}{{
		why: "a parameter", name: "parameter", zips: zips,
		resources: `"Queue":` + queue, parameters: map[string]string{"Mode": "UPPER"},
		says: "lower case", class: ErrDeploy,
	}, {
		why: "an unknown type", name: "type", zips: zips,
		resources: `"Thing":{"Type":"AWS::Nope::Thing"}`,
		says:      "AWS::Nope::Thing", class: ErrDeploy,
	}, {
		why: "a resource, named with its reason", name: "resource", zips: zips,
		resources: `"Queue":` + queue + `,"Custom":{"Type":"Custom::Thing","Properties":
			{"ServiceToken":"arn:aws:lambda:us-east-1:000000000000:function:none"}}`,
		says: "Custom (Custom::Thing): Custom resource ServiceToken", class: ErrDeploy,
	}, {
		why: "zips that were never built", name: "zips", zips: noZips,
		resources: `"Queue":` + queue,
		says:      "no zips in ",
	}} {
		t.Run(row.why, func(t *testing.T) {
			template := filepath.Join(root, row.name+".json")
			require.NoError(t, os.WriteFile(template, []byte(templateWith(row.resources)), 0o644))

			_, err := e.Deploy(t.Context(), Deployment{
				Template: template, Zips: row.zips, Suffix: row.name, Parameters: row.parameters,
			})

			require.ErrorContains(t, err, row.says)
			assert.Equal(t, row.class != nil, errors.Is(err, ErrDeploy))
		})
	}
}

func templateWith(resources string) string {
	return `{"AWSTemplateFormatVersion":"2010-09-09","Parameters":{
		"EnvironmentSuffix":{"Type":"String"},"CodeBucket":{"Type":"String"},
		"CodeVersion":{"Type":"String"},"Architecture":{"Type":"String"},
		"Mode":{"Type":"String","Default":"a","AllowedPattern":"[a-z]+","ConstraintDescription":"lower case"}},
		"Resources":{` + resources + `}}`
}

func TestCalls(t *testing.T) {
	e := &Endpoint{Dir: t.TempDir()}
	_, err := e.Calls()
	require.ErrorIs(t, err, os.ErrNotExist, "a missing file differs from an emulator without calls")

	file := filepath.Join(e.Dir, callsFile)
	require.NoError(t, os.WriteFile(file, []byte(
		`{"Role": "archiver", "Sid": "Keep", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/\u00e9"}`+"\n"+
			`{"Role": "consumer", "Sid": "Store", "Action": "dynamodb:PutItem", "Resource": "arn"}`+"\n"), 0o600))
	calls, err := e.Calls()
	require.NoError(t, err)
	assert.Equal(t, []Call{
		{"archiver", "Keep", "s3:PutObject", "arn:aws:s3:::bucket/é"},
		{"consumer", "Store", "dynamodb:PutItem", "arn"},
	}, calls)

	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err = e.Calls()
	assert.Error(t, err)
}
