package template

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func domainRequirements() []requirement {
	return []requirement{
		{
			says: "without a domain there is none, and the URLs are the API's",
			holds: func(t require.TestingT, d document) {
				for _, id := range []string{"Domain", "DomainMapping"} {
					assert.Equal(t, "HasCustomDomain", d.Resources[id].Condition)
				}
				for _, output := range []string{"DomainTarget", "DomainTargetHostedZoneId"} {
					assert.Equal(t, "HasCustomDomain", d.Outputs[output].Condition)
				}
				assert.Equal(t, "https://Api.execute-api.us-east-1.amazonaws.com/live/paypal", d.Outputs["PayPalUrl"].Value)
			},
			breaks: []mutation{
				drop("Domain.Condition"),
				drop("DomainMapping.Condition"),
				drop("Outputs.DomainTargetHostedZoneId.Condition"),
			},
		},
		{
			says:   "with a domain, it shows the stage, with its certificate, and nothing older than TLS 1.2",
			domain: true,
			holds: func(t require.TestingT, d document) {
				domain, mapping := d.Resources["Domain"].Properties, d.Resources["DomainMapping"].Properties
				assert.Equal(t, "hooks.example.com", domain["DomainName"])
				assert.Equal(t, "CertificateArn", domain["RegionalCertificateArn"])
				assert.Equal(t, "TLS_1_2", domain["SecurityPolicy"])
				assert.Equal(t, map[string]any{"DomainName": "Domain", "RestApiId": "Api", "Stage": "Stage"}, mapping)
				assert.Equal(t, "https://hooks.example.com/paypal", d.Outputs["PayPalUrl"].Value)
				assert.Equal(t, "Domain.RegionalDomainName", d.Outputs["DomainTarget"].Value)
			},
			breaks: []mutation{
				set("Domain.Properties.DomainName", "other.example.com"),
				drop("Domain.Properties.RegionalCertificateArn"),
				set("Domain.Properties.SecurityPolicy", "TLS_1_0"),
				set("DomainMapping.Properties.Stage", "another"),
			},
		},
		{
			says:   "with a domain, each processor knows its URL there: Square signs it",
			domain: true,
			holds:  eachProvidersWay,
			breaks: []mutation{
				set("SquareProcessorFunction.Properties.Environment.Variables.ENDPOINT_URL",
					"https://Api.execute-api.us-east-1.amazonaws.com/live/square"),
			},
		},
	}
}

func TestDomainAndCertificateGoTogether(t *testing.T) {
	d := build(t, Options{}, "dev")
	for name, row := range map[string]struct {
		domain, certificate string
		deploys             bool
	}{
		"neither":              {"", "", true},
		"both":                 {"hooks.example.com", "arn:aws:acm:us-east-1:123456789012:certificate/c", true},
		"only the name":        {"hooks.example.com", "", false},
		"only the certificate": {"", "arn:aws:acm:us-east-1:123456789012:certificate/c", false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.deploys, passes(t, d, "CustomDomain", map[string]string{
				domainName: row.domain, certificateARN: row.certificate,
			}))
		})
	}
}

func TestOnlyOneRegion(t *testing.T) {
	d := build(t, Options{}, "dev")
	assert.True(t, passes(t, d, "Region", map[string]string{"AWS::Region": "us-east-1"}))
	assert.False(t, passes(t, d, "Region", map[string]string{"AWS::Region": "eu-central-1"}))
}

// passes evaluates a rule of the template as CloudFormation does.
func passes(t *testing.T, d document, rule string, parameters map[string]string) bool {
	t.Helper()
	require.Contains(t, d.Rules, rule)
	for _, assertion := range d.Rules[rule].(map[string]any)["Assertions"].([]any) {
		require.NotEmpty(t, assertion.(map[string]any)["AssertDescription"])
		if !truth(t, assertion.(map[string]any)["Assert"], parameters) {
			return false
		}
	}
	return true
}

func truth(t *testing.T, expression any, parameters map[string]string) bool {
	t.Helper()
	operand := func(v any) string {
		if ref, ok := v.(map[string]any); ok {
			return parameters[ref["Ref"].(string)]
		}
		return v.(string)
	}
	for function, arg := range expression.(map[string]any) {
		args := arg.([]any)
		switch function {
		case "Fn::Equals":
			return operand(args[0]) == operand(args[1])
		case "Fn::Not":
			return !truth(t, args[0], parameters)
		case "Fn::And":
			return truth(t, args[0], parameters) && truth(t, args[1], parameters)
		case "Fn::Or":
			return truth(t, args[0], parameters) || truth(t, args[1], parameters)
		}
	}
	require.Fail(t, "not a condition", "%v", expression)
	return false
}
