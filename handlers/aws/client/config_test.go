package client_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/function"
)

func reader(env map[string]string) *function.Variables {
	return function.NewVariables(func(name string) string { return env[name] })
}

func TestConfigIsWhatLambdaSets(t *testing.T) {
	vars := reader(map[string]string{
		client.RegionVar: "us-east-1", client.AccessKeyVar: "id",
		client.SecretKeyVar: "secret", client.SessionTokenVar: "token",
	})
	api := client.NewHTTPClient(0)

	c := client.Config(vars, api)

	require.NoError(t, vars.Err())
	assert.Equal(t, "us-east-1", c.Region)
	assert.Nil(t, c.BaseEndpoint, "AWS itself")
	assert.Same(t, api, c.HTTPClient)
	credentials, err := c.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "id", credentials.AccessKeyID)
	assert.Equal(t, "secret", credentials.SecretAccessKey)
	assert.Equal(t, "token", credentials.SessionToken)
}

func TestConfigOfAnEmulator(t *testing.T) {
	c := client.Config(reader(map[string]string{client.EndpointVar: "https://127.0.0.1:1"}), nil)

	require.NotNil(t, c.BaseEndpoint)
	assert.Equal(t, "https://127.0.0.1:1", *c.BaseEndpoint)
}

func TestConfigNamesEverythingThatIsMissing(t *testing.T) {
	vars := reader(nil)

	client.Config(vars, nil)

	for _, name := range []string{client.RegionVar, client.AccessKeyVar, client.SecretKeyVar} {
		require.ErrorContains(t, vars.Err(), name+" is not set")
	}
	assert.NotContains(t, vars.Err().Error(), client.SessionTokenVar, "a user's keys have none")
}
