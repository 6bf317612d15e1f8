package provider_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

func TestReasonClass(t *testing.T) {
	for reason, want := range classes() {
		assert.Equal(t, want, reason.Class(), reason)
	}
	for _, unlisted := range []provider.Reason{"", "no_such_reason"} {
		assert.Zero(t, unlisted.Class(), unlisted)
	}
}

// TestEveryReasonHasAClass counts the reasons in the source: one without a class
// would get no response of its own.
func TestEveryReasonHasAClass(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	require.NoError(t, err)
	var declared int
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Reason" {
				declared++
			}
		}
		return true
	})
	assert.Len(t, classes(), declared)
	for reason := range classes() {
		assert.Regexp(t, `^[a-z]+(_[a-z0-9]+)*$`, reason, "a code is a metric property and an S3 metadata value")
	}
}

// Operators build searches and alarms on the documented codes.
func TestEveryReasonIsDocumentedWithItsAnswer(t *testing.T) {
	text, err := os.ReadFile("../../docs/reasons.md")
	require.NoError(t, err)
	answers := map[provider.Class]string{
		provider.Rejected: "401", provider.Malformed: "400", provider.Unavailable: "503", provider.Quarantined: "200",
	}
	for reason, class := range classes() {
		assert.Contains(t, string(text), fmt.Sprintf("\n| `%s` | %s", reason, answers[class]))
	}
}

func TestReasonOf(t *testing.T) {
	wrapped := fmt.Errorf("endpoint 2: %w", fmt.Errorf("%w: no label", provider.SecretMalformed))
	joined := errors.Join(errors.New("first"), wrapped)

	for _, tt := range []struct {
		why  string
		err  error
		want provider.Reason
	}{
		{"nothing went wrong", nil, ""},
		{"not one of ours", errors.New("secret_malformed"), ""},
		{"the reason itself", provider.SecretEmpty, provider.SecretEmpty},
		{"wrapped twice", wrapped, provider.SecretMalformed},
		{"one of several", joined, provider.SecretMalformed},
	} {
		t.Run(tt.why, func(t *testing.T) {
			assert.Equal(t, tt.want, provider.ReasonOf(tt.err))
		})
	}
	assert.ErrorIs(t, wrapped, provider.SecretMalformed)
	assert.NotErrorIs(t, wrapped, provider.SecretEmpty)
	assert.EqualError(t, provider.SecretEmpty, "secret_empty")
}

// classes has the class of each reason.
func classes() map[provider.Reason]provider.Class {
	return map[provider.Reason]provider.Class{
		provider.HeaderMissing:       provider.Rejected,
		provider.HeaderRepeated:      provider.Rejected,
		provider.HeaderMalformed:     provider.Rejected,
		provider.TimestampStale:      provider.Rejected,
		provider.TimestampFuture:     provider.Rejected,
		provider.SignatureMismatch:   provider.Rejected,
		provider.PathUnknown:         provider.Rejected,
		provider.AlgorithmRefused:    provider.Rejected,
		provider.CertURLRefused:      provider.Rejected,
		provider.CertRefused:         provider.Rejected,
		provider.BodyNotBase64:       provider.Malformed,
		provider.SecretEmpty:         provider.Unavailable,
		provider.SecretGone:          provider.Unavailable,
		provider.SecretMalformed:     provider.Unavailable,
		provider.SecretUnreachable:   provider.Unavailable,
		provider.QueueUnreachable:    provider.Unavailable,
		provider.BucketUnreachable:   provider.Unavailable,
		provider.CertUnreachable:     provider.Unavailable,
		provider.CertLimited:         provider.Unavailable,
		provider.PayPalChain:         provider.Unavailable,
		provider.PayPalChainUnlisted: provider.Unavailable,
		provider.EnvelopeUnreadable:  provider.Quarantined,
		provider.EventIDInvalid:      provider.Quarantined,
		provider.OtherMode:           provider.Quarantined,
	}
}

// The stack counts log lines with these reasons.
func TestReasonsThatAlarmsCountAreTheContracts(t *testing.T) {
	assert.EqualValues(t, contract.ReasonHeaderMissing, provider.HeaderMissing)
	assert.EqualValues(t, contract.ReasonPayPalChain, provider.PayPalChain)
}
