package emulator

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCalls(t *testing.T) {
	e := &Endpoint{Dir: t.TempDir()}
	_, err := e.Calls()
	require.ErrorIs(t, err, os.ErrNotExist, "an emulator that records nothing is not one without calls")

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
