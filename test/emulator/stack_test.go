package emulator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
