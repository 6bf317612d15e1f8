package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every command that needs the stack says why it cannot find it.
func TestCommandsWithoutAWS(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "PAYSLUICE_STACK": "prod",
	} {
		t.Setenv(name, value)
	}
	for _, command := range []string{
		"console --no-open", "doctor", "events list", "events get a", "events payload a", "events export", "events tail",
		"events tail --forward-to http://127.0.0.1:1", "events erase a", "events republish a", "events republish list", "failures unpublished", "failures list", "failures stats", "failures show a",
		"failures restore --reason conflict", "payment a", "reconcile stripe --since 2h", "replay --since 3h", "replay list",
		"secrets list", "secrets retire stripe a", "secrets test stripe", "send stripe charge.refunded", "status", "trace a",
	} {
		var out, problems bytes.Buffer
		code := Run(t.Context(), strings.Fields(command), strings.NewReader(""), &out, &problems)
		assert.Equal(t, exitFailed, code, "%s: %s", command, &problems)
		assert.Contains(t, problems.String(), "AWS cannot be reached", command)
		assert.Empty(t, out.String(), command)
	}
}

func TestConfigurationThatCannotBeRead(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	var out, problems bytes.Buffer
	assert.Equal(t, exitFailed, Run(t.Context(), []string{"status", "--profile", "nobody"}, nil, &out, &problems))
	assert.Contains(t, problems.String(), "AWS configuration")

	dir := t.TempDir()
	t.Chdir(dir)
	if assert.NoError(t, os.Remove(dir)) {
		assert.Equal(t, exitFailed, Run(t.Context(), []string{"status"}, nil, &out, &problems), "the working folder is gone")
	}
}
