package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

func TestSecretsCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"":                          "secrets needs a command: list, add, retire or test",
		"list adyen":                "PROVIDER must be one of stripe, paypal, square",
		"list --since yesterday":    `--since: "yesterday" must be a time before now`,
		"list stripe square":        "accepts at most 1 arg(s), received 2",
		"add stripe":                "accepts 2 arg(s), received 1",
		"add adyen a":               "PROVIDER must be one of stripe, paypal, square",
		"add stripe a --url https:": "--url is for Square, which signs it",
		"add paypal a":              "--environment is missing: live or sandbox",
		"add square a --environment test --other-mode store":  "--environment must be live or sandbox; --other-mode is for Stripe",
		"add paypal a --environment live --max-age-hours 1":   "--max-age-hours is for Square, which signs no time",
		"add square a --environment live --max-age-hours one": "invalid argument",
		"retire adyen a":              "PROVIDER must be one of",
		"retire stripe a --number=-1": "--number must be a number of paysluice secrets list",
		"test adyen":                  "PROVIDER must be one of",
		"test":                        "accepts between 1 and 2 arg(s), received 0",
	} {
		code, stdout, stderr := run(t, "", nil, append([]string{"secrets"}, strings.Fields(args)...)...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, want, args)
	}
	for _, command := range []string{"list", "add stripe a", "retire stripe a", "test stripe"} {
		code, _, stderr := run(t, "", nil, append([]string{"secrets"}, strings.Fields(command+" --local")...)...)
		assert.Equal(t, 1, code, command)
		assert.Contains(t, stderr, "no local stack is running; make up starts one")
	}
	assert.Equal(t, "examined the newest 7 events, since 2026-04-01 00:00:00",
		examined(secrets.Uses{Examined: 7, Oldest: time.Unix(1775001600, 0).UTC()}))
	var told strings.Builder
	rows, err := (&app{err: &told}).entries(t.Context(), &stack.Stack{}, contract.PayPal(), time.Time{})
	assert.NoError(t, err)
	assert.Empty(t, rows)
	assert.Equal(t, "paypal: the stack has no PayPal\n", told.String(), "it is built without")
	serveStack(t, plain, nil)
	for _, command := range []string{"secrets add paypal a --environment live", "secrets retire paypal a", "secrets test square", "send stripe charge.refunded"} {
		code, _, stderr := run(t, "", nil, strings.Fields(command)...)
		assert.Equal(t, 1, code, command)
		assert.Contains(t, stderr, "the stack has no ", command)
		assert.Contains(t, stderr, "choose another stack with --stack", command)
	}
	words, _ := completeProvider(nil, nil, "")
	assert.Equal(t, providerNames(), words)
	words, _ = completeProvider(nil, []string{"stripe"}, "")
	assert.Empty(t, words)
}
