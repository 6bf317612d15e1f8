package awsclient_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/awsclient"
	"github.com/paysluice/paysluice/handlers/config"
)

func reader(env map[string]string) *config.Reader {
	return config.NewReader(func(name string) string { return env[name] })
}

func TestConfigIsWhatLambdaSets(t *testing.T) {
	vars := reader(map[string]string{
		awsclient.RegionVar: "us-east-1", awsclient.AccessKeyVar: "id",
		awsclient.SecretKeyVar: "secret", awsclient.SessionTokenVar: "token",
	})
	client := awsclient.NewHTTPClient(0)

	c := awsclient.Config(vars, client)

	require.NoError(t, vars.Err())
	assert.Equal(t, "us-east-1", c.Region)
	assert.Nil(t, c.BaseEndpoint, "AWS itself")
	assert.Same(t, client, c.HTTPClient)
	credentials, err := c.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "id", credentials.AccessKeyID)
	assert.Equal(t, "secret", credentials.SecretAccessKey)
	assert.Equal(t, "token", credentials.SessionToken)
}

func TestConfigOfAnEmulator(t *testing.T) {
	c := awsclient.Config(reader(map[string]string{awsclient.EndpointVar: "https://127.0.0.1:1"}), nil)

	require.NotNil(t, c.BaseEndpoint)
	assert.Equal(t, "https://127.0.0.1:1", *c.BaseEndpoint)
}

func TestConfigNamesEverythingThatIsMissing(t *testing.T) {
	vars := reader(nil)

	awsclient.Config(vars, nil)

	for _, name := range []string{awsclient.RegionVar, awsclient.AccessKeyVar, awsclient.SecretKeyVar} {
		require.ErrorContains(t, vars.Err(), name+" is not set")
	}
	assert.NotContains(t, vars.Err().Error(), awsclient.SessionTokenVar, "a user's keys have none")
}
