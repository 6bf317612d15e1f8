package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	gateway "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/paysluice/paysluice/handlers/contract"
)

func intakeChecks() []check[*Doctor] {
	var found []check[*Doctor]
	for _, p := range contract.Providers() {
		found = append(found, check[*Doctor]{"url-" + p.Name, "the answer of " + p.Title + "'s URL to an unsigned request", func(d *Doctor, ctx context.Context) ([]Finding, error) {
			return d.checkURL(ctx, p)
		}})
	}
	return append(found,
		check[*Doctor]{"throttle", "the requests a second that the stage takes", (*Doctor).checkThrottle},
		check[*Doctor]{"access-log", "the role with which API Gateway writes the access log", (*Doctor).checkAccessLog},
		check[*Doctor]{"concurrency", "the account's Lambda concurrency", (*Doctor).checkConcurrency},
		check[*Doctor]{"invoke", "the permissions to invoke the functions", (*Doctor).checkPermissions},
	)
}

// checkURL sends one request without a signature. The authorizer counts it as
// rejected.
func (d *Doctor) checkURL(ctx context.Context, p contract.Provider) ([]Finding, error) {
	if d.stack.Outputs[p.Title+"Url"] == "" {
		return nil, skipped("the stack has no " + p.Title)
	}
	url, err := d.stack.WebhookURL(p)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return nil, err
	}
	response, err := d.stack.AWS.Config.HTTPClient.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return []Finding{{Error, url, "cannot be reached: " + err.Error(), "No webhook of " + p.Title + " arrives.",
			"check the DNS record of the domain and its certificate, docs/deploying.md, Parameters, DomainName"}}, nil
	}
	response.Body.Close()
	f := Finding{Error, url, fmt.Sprintf("answers an unsigned request with %d instead of 401", response.StatusCode), "", ""}
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized:
		return nil, nil
	case status < 300:
		f.Means = "Anybody can send events: the URL leads past the authorizer."
		f.Do = "compare the URL with the provider's settings, and the API with the template: " + undo
	case status == http.StatusTooManyRequests:
		f.Severity, f.Means, f.Do = Warning, "The stage is throttled now.", "run paysluice doctor --skip url-"+p.Name+" or wait a minute"
	case status < 500:
		f.Means = "The URL is not that of the API, or the API's host name is disabled. No webhook of " + p.Title + " is accepted."
		f.Do = "compare it with the outputs of the stack and the parameters DomainName and DisableExecuteApiEndpoint, docs/deploying.md"
	default:
		f.Means = "The authorizer does not run. Webhooks of " + p.Title + " are refused and sent again for some days."
		f.Do = "read authorizerError in the access log, and look at the findings about key, invoke and functions"
	}
	return []Finding{f}, nil
}

const (
	// rate is the number of webhooks a second of one provider that a stack is made for
	// (docs/scaling.md).
	rate = 1000
	// invocations is the number of invocations a second that a unit of concurrency allows
	// (Lambda Developer Guide, "Understanding Lambda function scaling").
	invocations = 10
	// needed is the concurrency for rate: an authorizer and a processor for each
	// webhook, and a consumer for each batch.
	needed = (rate + rate + rate/contract.BatchSize) / invocations
)

func (d *Doctor) checkThrottle(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::ApiGateway::Stage") {
		api := text(r.properties["RestApiId"])
		stage, err := d.gateway.GetStage(ctx, &apigateway.GetStageInput{RestApiId: &api, StageName: &r.physical})
		if err != nil {
			if _, gone := errors.AsType[*gateway.NotFoundException](err); gone {
				found = append(found, d.missing(r))
				continue
			}
			return found, err
		}
		settings, _ := r.properties["MethodSettings"].([]any)
		for _, s := range settings {
			want, _ := s.(map[string]any)
			found = append(found, d.throttle(api, r.physical, want, stage.MethodSettings)...)
		}
	}
	return found, nil
}

// throttle compares the throttle of one method setting with the template's.
func (d *Doctor) throttle(api, stage string, want map[string]any, have map[string]gateway.MethodSetting) []Finding {
	path := strings.TrimPrefix(text(want["ResourcePath"]), "/") + "/" + text(want["HttpMethod"])
	live, subject := have[path], "stage "+stage
	wantRate, _ := strconv.ParseFloat(text(want["ThrottlingRateLimit"]), 64)
	wantBurst, _ := strconv.Atoi(text(want["ThrottlingBurstLimit"]))
	if live.ThrottlingRateLimit < wantRate || int(live.ThrottlingBurstLimit) < wantBurst {
		return []Finding{{Error, subject,
			fmt.Sprintf("takes %g requests a second and %d at once, the parameters say %g and %d", live.ThrottlingRateLimit, live.ThrottlingBurstLimit, wantRate, wantBurst),
			"Webhooks above it are answered 429 and sent again later.",
			d.aws("apigateway update-stage --rest-api-id %s --stage-name %s --patch-operations op=replace,path=/%[3]s/throttling/rateLimit,value=%[4]g op=replace,path=/%[3]s/throttling/burstLimit,value=%[5]d",
				api, stage, path, wantRate, wantBurst)}}
	}
	if live.ThrottlingRateLimit < rate {
		return []Finding{{Warning, subject, fmt.Sprintf("takes %g requests a second, fewer than %d", live.ThrottlingRateLimit, rate),
			"A peak of a provider is answered 429 and sent again later.", "deploy with a higher ThrottleRate, docs/scaling.md, or --skip throttle"}}
	}
	return nil
}

// checkAccessLog checks API Gateway's role for logs, one per account and region. Whoever
// removes it ends the access log in silence.
func (d *Doctor) checkAccessLog(ctx context.Context) ([]Finding, error) {
	if d.emulated() {
		return nil, skipped("the emulator writes no access log")
	}
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	account, err := d.gateway.GetAccount(ctx, &apigateway.GetAccountInput{})
	if err != nil {
		return nil, err
	}
	role, problem := aws.ToString(account.CloudwatchRoleArn), "has no role for its logs"
	if role != "" {
		name := role[strings.LastIndex(role, "/")+1:]
		_, err := d.roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if _, missing := errors.AsType[*iamtypes.NoSuchEntityException](err); !missing {
			return nil, err
		}
		problem = "has a role for its logs that does not exist: " + role
	}
	do := "deploy with ManageApiGatewayAccount=true, docs/deploying.md"
	if len(t.kinds("AWS::ApiGateway::Account")) > 0 {
		do = undo
	}
	return []Finding{{Error, "API Gateway", problem, "No access log is written. The alarms api-throttled and api-413 see nothing, " +
		"and each provider's alarm processor-5xx misses webhooks that cannot invoke the processor.", do}}, nil
}

func (d *Doctor) checkConcurrency(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	out, err := d.functions.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return nil, err
	}
	have := int(out.AccountLimit.ConcurrentExecutions)
	var found []Finding
	if have < needed {
		found = append(found, Finding{Error, "the account", fmt.Sprintf("may run %d functions at a time, %d webhooks a second need %d", have, rate, needed),
			"Functions are throttled in a peak: webhooks are refused and sent again, and events wait.",
			d.aws("service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000")})
	}
	if pollers := t.pollers(); pollers >= have {
		found = append(found, Finding{Warning, "the account", fmt.Sprintf("may run %d functions at a time, and the pollers alone up to %d", have, pollers),
			"A backlog leaves no concurrency to the API's functions: webhooks are answered 5xx and sent again.",
			"deploy with lower ConsumerConcurrency, ArchiverConcurrency and PublisherParallelism, or a higher quota, docs/scaling.md"})
	}
	return found, nil
}

// pollers returns how many functions the event source mappings run at a time, for a stream
// with one shard.
func (t *template) pollers() (n int) {
	for _, r := range t.kinds("AWS::Lambda::EventSourceMapping") {
		scaling, _ := r.properties["ScalingConfig"].(map[string]any)
		for _, value := range []any{scaling["MaximumConcurrency"], r.properties["ParallelizationFactor"]} {
			limit, _ := strconv.Atoi(text(value)) // what a mapping has not is 0
			n += limit
		}
	}
	return n
}

// checkPermissions compares the functions' policies with the template's permissions.
func (d *Doctor) checkPermissions(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::Lambda::Permission") {
		name := text(r.properties["FunctionName"])
		out, err := d.functions.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &name})
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); err != nil && !missing {
			return found, err
		}
		policy := ""
		if out != nil {
			policy = aws.ToString(out.Policy)
		}
		source, principal := text(r.properties["SourceArn"]), text(r.properties["Principal"])
		if strings.Contains(policy, `"`+source+`"`) {
			continue
		}
		service, means := "API Gateway", "Webhooks through it are answered 500 and sent again for some days."
		if principal == "events.amazonaws.com" {
			service, means = "EventBridge", noComparison
		}
		found = append(found, Finding{Error, name, "may not be invoked by " + service, means,
			d.aws("lambda add-permission --function-name %s --statement-id %s --action lambda:InvokeFunction --principal %s --source-arn '%s'",
				name, r.id, principal, source)})
	}
	return found, nil
}

// missing returns the finding about a resource of the template that does not exist.
func (d *Doctor) missing(r resource) Finding {
	return Finding{Error, r.physical, "does not exist", "The template has it as " + r.id + ".", undo}
}
