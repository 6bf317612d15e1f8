package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

// described is a provider of which only the descriptor matters.
type described struct {
	provider.Provider
	descriptor contract.Provider
}

func (d described) Descriptor() contract.Provider { return d.descriptor }

func TestSetFindsByNameAndByPath(t *testing.T) {
	one := described{descriptor: contract.Provider{Name: "one", Path: "first"}}
	two := described{descriptor: contract.Provider{Name: "two", Path: "second"}}
	set := provider.Set{one, two}

	byName, err := set.ByName("two")
	require.NoError(t, err)
	assert.Equal(t, two, byName)

	byPath, err := set.ByPath("/first")
	require.NoError(t, err)
	assert.Equal(t, one, byPath)
}

func TestSetKnowsOnlyItsOwn(t *testing.T) {
	set := provider.Set{described{descriptor: contract.Provider{Name: "one", Path: "first"}}}

	_, err := set.ByName("first")
	require.ErrorIs(t, err, provider.ErrUnknown)

	for _, resource := range []string{"", "/", "first", "/one", "/first/", "/FIRST"} {
		_, err = set.ByPath(resource)
		require.ErrorIs(t, err, provider.PathUnknown, "resource %q", resource)
	}
}
