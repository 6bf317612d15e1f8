package functions_test

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/load/internal/functions"
)

// The added file is Go, and reads the variables that it is given.
func TestProfiled(t *testing.T) {
	added := functions.Profiled().Added
	require.Len(t, added, 1)
	for file, text := range added {
		_, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, variable := range functions.ProfileVariables("folder", time.Second, time.Second) {
			name, _, _ := strings.Cut(variable, "=")
			assert.Contains(t, text, `os.Getenv("`+name+`")`)
		}
	}
}
