package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/apigateway"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// addDomainChoice declares whether the API has a domain of its own: with a name
// and a certificate, or with neither.
func (s *stack) addDomainChoice() cfn.Cond {
	noDomain := cfn.Equals(cfn.Ref(domainName), "")
	noCertificate := cfn.Equals(cfn.Ref(certificateARN), "")
	s.Rule("CustomDomain", cfn.Rule{Assertions: []cfn.Assertion{{
		Assert: cfn.Or(
			cfn.And(noDomain, noCertificate),
			cfn.And(cfn.Not(noDomain), cfn.Not(noCertificate)),
		),
		Description: "Give both " + domainName + " and " + certificateARN + ", or neither.",
	}}})
	return s.Condition("HasCustomDomain", cfn.Not(noDomain))
}

// addDomain shows the stage under the custom domain, if there is one. Its URLs
// outlive the stack; those of the API itself are new in every stack.
func (a *api) addDomain(stage cfn.ID) {
	domain := a.Add("Domain", &apigateway.DomainName{
		DomainName:                 new(cfn.Ref(domainName)),
		RegionalCertificateArn:     new(cfn.Ref(certificateARN)),
		EndpointConfiguration:      &apigateway.DomainName_EndpointConfiguration{Types: []string{"REGIONAL"}},
		SecurityPolicy:             new("TLS_1_2"),
		AWSCloudFormationCondition: a.customDomain.Name(),
	})
	a.Add("DomainMapping", &apigateway.BasePathMapping{
		DomainName:                 domain.Ref(),
		RestApiId:                  new(a.id.Ref()),
		Stage:                      new(stage.Ref()),
		AWSCloudFormationCondition: a.customDomain.Name(),
	})
	a.Output("DomainTarget", cfn.Output{
		Description: "Host name that the custom domain's DNS record must point to.",
		Value:       domain.Att("RegionalDomainName"),
		Condition:   a.customDomain,
	})
	a.Output("DomainTargetHostedZoneId", cfn.Output{
		Description: "Hosted zone of that host name, for an alias record in Route 53.",
		Value:       domain.Att("RegionalHostedZoneId"),
		Condition:   a.customDomain,
	})
}

// url is where a provider's webhooks arrive.
func (a *api) url(p contract.Provider) string {
	return cfn.If(a.customDomain,
		cfn.Sub("https://${"+domainName+"}/"+p.Path),
		cfn.Sub("https://${"+string(a.id)+"}.execute-api.${AWS::Region}.${AWS::URLSuffix}/"+stageName+"/"+p.Path))
}
