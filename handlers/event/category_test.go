package event_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/event"
)

// The constants are read from the source.
func TestCategoriesListsEveryConstant(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "category.go", nil, 0)
	require.NoError(t, err)

	var declared []event.Category
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, value := range spec.Values {
			text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			require.NoError(t, err)
			declared = append(declared, event.Category(text))
		}
		return true
	})
	require.NotEmpty(t, declared)
	assert.Equal(t, declared, event.Categories())
}

func TestCategoryValid(t *testing.T) {
	for _, c := range event.Categories() {
		assert.True(t, c.Valid(), c)
	}
	for _, c := range []event.Category{"", "payment", "payment.paid", "Other"} {
		assert.False(t, c.Valid(), c)
	}
}
