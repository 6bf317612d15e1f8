package template

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awslabs/goformation/v7/cloudformation/events"
	"github.com/awslabs/goformation/v7/cloudformation/lambda"
	"github.com/awslabs/goformation/v7/cloudformation/secretsmanager"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// Logical ids of the parameters of the comparison with the providers' lists.
const (
	reconcileEvery  = "ReconcileEvery"
	reconcileRefill = "ReconcileRefill"
)

const (
	// reconcilerMemoryMB holds a page of each provider's list and the ids of a window.
	reconcilerMemoryMB = 512
	// tickMinutes is how often the function is invoked. It starts a comparison that is
	// due, resumes one that did not end, and publishes what is missing, so that an alarm
	// lasts as long as its cause.
	tickMinutes = int(contract.ReconcileTick / time.Minute)
	// reconcilerTimeoutSeconds ends an invocation before the next one.
	reconcilerTimeoutSeconds = (tickMinutes - 1) * 60
	// reconciliationDays is how long the records of comparisons are kept.
	reconciliationDays = 90
	// APIKeysSecretName is the secret with the keys of the providers' APIs, without the
	// environment suffix.
	APIKeysSecretName = "provider-api-keys"
)

// reconciling is the stage that compares the stored events with those that the providers
// list. All of it exists under a condition.
type reconciling struct {
	// providers are those of the stack whose lists are known. Without one, the stage
	// does not exist.
	providers   []contract.Provider
	on, refills cfn.Cond
}

// addReconcilingChoice declares the parameters and conditions of the stage.
func (s *stack) addReconcilingChoice() {
	known := slices.Clone(s.options.Providers)
	known = slices.DeleteFunc(known, func(p contract.Provider) bool {
		return !slices.ContainsFunc(contract.Providers(), func(q contract.Provider) bool { return q.Name == p.Name })
	})
	if len(known) == 0 {
		return
	}
	most := contract.MaxReconcileHours()
	s.addHours(reconcileEvery, fmt.Sprintf("Hours between two comparisons of the stored events with those that the providers list, at most %d. "+
		"It needs the keys of the providers' APIs in the secret %s. 0 for none, and deletes that secret without recovery.", most, APIKeysSecretName), most)
	s.Parameter(reconcileRefill, cfn.Parameter{
		Type:          "String",
		Description:   "Whether a comparison gets missing events in, as paysluice reconcile --refill does.",
		Default:       "false",
		AllowedValues: []string{"true", "false"},
	})
	on := cfn.Not(cfn.Equals(cfn.Ref(reconcileEvery), "0"))
	s.reconciling = &reconciling{
		providers: known,
		on:        s.Condition("Reconciles", on),
		refills:   s.Condition("Refills", cfn.And(on, cfn.Equals(cfn.Ref(reconcileRefill), "true"))),
	}
}

// addReconciler adds the function, its secret and its schedule.
//
// An invocation can last longer than the emptier watches the bucket. The role names the
// table, so it is deleted before the table, and that before the bucket is emptied: an
// invocation that still runs then may no longer write.
func (s *stack) addReconciler(q queues, table, bucket cfn.ID, a *api) {
	if s.reconciling == nil {
		return
	}
	on, refills := s.reconciling.on, s.reconciling.refills
	const records = contract.ReconciliationsPrefix + "*"
	var urls []any
	var payloads []string
	for _, p := range s.reconciling.providers {
		urls = append(urls, cfn.Join("=", p.Name, a.url(p)))
		payloads = append(payloads, objectARN(bucket, contract.OversizePrefix+"*/"+p.Name+"/*"))
	}
	secret := s.addAPIKeys()
	function := s.addFunction(function{
		id:             "Reconciler",
		name:           contract.ReconcilerName,
		binary:         contract.ReconcilerBinary,
		description:    "Compares the stored events with those that the providers list.",
		when:           &on,
		memoryMB:       reconcilerMemoryMB,
		timeoutSeconds: reconcilerTimeoutSeconds,
		environment: map[string]string{
			contract.TableNameVar:       table.Ref(),
			contract.BucketNameVar:      bucket.Ref(),
			contract.QueueURLVar:        q.events.Ref(),
			contract.SecretARNVar:       secretARN(secret),
			contract.EndpointURLsVar:    cfn.Join(",", urls...),
			contract.ReconcileEveryVar:  cfn.Ref(reconcileEvery),
			contract.ReconcileRefillVar: cfn.Ref(reconcileRefill),
			contract.RetentionDaysVar:   cfn.Ref(eventRetentionDays),
		},
		policy: []statement{
			allow("ReadKeys", []string{"secretsmanager:GetSecretValue"}, secretARN(secret)),
			allow("FindEvents", []string{"dynamodb:BatchGetItem", "dynamodb:Query"}, table.Att("Arn")),
			allow("ListEvents", []string{"dynamodb:Query"}, cfn.Sub(variable(table+".Arn")+"/index/"+contract.DayIndex)),
			allow("FindArchived", []string{"s3:ListBucket"}, bucket.Att("Arn")),
			allow("KeepRecords", []string{"s3:GetObject", "s3:PutObject"}, objectARN(bucket, records)),
			useKey("UseKeyForSecret", "secretsmanager", "kms:Decrypt"),
			useKey("UseKeyForTable", "dynamodb", "kms:Decrypt"),
			useKey("UseKeyForBucket", "s3", "kms:GenerateDataKey", "kms:Decrypt"),
		},
		choices: []string{
			cfn.If(refills, allow("SendMissing", []string{"sqs:SendMessage"}, q.events.Att("Arn")), cfn.NoValue()),
			cfn.If(refills, useKey("UseKeyForQueue", "sqs", "kms:GenerateDataKey", "kms:Decrypt"), cfn.NoValue()),
			cfn.If(refills, allow("StoreLargePayloads", []string{"s3:PutObject"}, payloads...), cfn.NoValue()),
		},
		// The checkers see no statement that has a condition.
		wildcards: []suppression{objectWildcard(bucket, records)},
	})
	rule := s.Add("ReconcilerSchedule", &events.Rule{
		Name:               new(named(contract.ReconcilerName)),
		Description:        new("Invokes " + contract.ReconcilerName + ", which knows whether a comparison is due."),
		ScheduleExpression: new(fmt.Sprintf("rate(%d minutes)", tickMinutes)),
		Targets: []events.Rule_Target{{
			Id:  "reconciler",
			Arn: function.Att("Arn"),
			// A late invocation is as good as the next one.
			RetryPolicy: &events.Rule_RetryPolicy{MaximumEventAgeInSeconds: new(tickMinutes * 60)},
		}},
		AWSCloudFormationCondition: on.Name(),
		AWSCloudFormationMetadata: suppressed(suppression{rule: "Serverless-EventBusDLQ",
			reason: "The next invocation does what a failed one left, and an alarm tells of an hour without one."}),
	})
	s.Add("ReconcilerPermission", &lambda.Permission{
		Action:                     "lambda:InvokeFunction",
		FunctionName:               function.Ref(),
		Principal:                  "events.amazonaws.com",
		SourceArn:                  new(rule.Att("Arn")),
		AWSCloudFormationCondition: on.Name(),
	})
}

// addAPIKeys adds the secret of the keys of the providers' APIs without a value. Until it
// has one, nothing is compared.
func (s *stack) addAPIKeys() cfn.ID {
	secret := s.Add("ApiKeysSecret", &secretsmanager.Secret{
		Name:        new(named(APIKeysSecretName)),
		Description: new("Keys of the providers' APIs, with which events are listed. Set them with aws secretsmanager put-secret-value."),
		KmsKeyId:    new(keyARN()),

		AWSCloudFormationCondition:           s.reconciling.on.Name(),
		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
		AWSCloudFormationMetadata: suppressed(suppression{
			rule:   "AwsSolutions-SMG4",
			reason: "Only the provider can issue a new key.",
		}),
	})
	s.Output("ApiKeysSecretArn", cfn.Output{
		Description: "ARN of the secret with the keys of the providers' APIs.",
		Value:       secretARN(secret), Condition: s.reconciling.on,
	})
	return secret
}

// addReconcilingAlarms adds alarms about missing events, and about comparisons that are
// not made. The second one also fires if the function crashes, is throttled or is not
// invoked: then its metric has no data.
func (s *stack) addReconcilingAlarms(to severities) {
	if s.reconciling == nil {
		return
	}
	missing := window{minutes: tickMinutes, periods: 2, needed: 1}
	state := func(name string) metric {
		m := eventMetric(name)
		m.statistic = "Maximum"
		return m
	}
	on := s.reconciling.on
	s.addAlarm(alarm{
		id: "Missing", name: "missing", severity: to.page, when: &on,
		means: fmt.Sprintf("A provider lists events that are neither stored nor archived, and does not deliver them by itself, %v: "+
			"they are older than three days, or its list says that no delivery is pending. "+
			"The alarm ends within about an hour after they are stored.", missing),
		// Lost is not published while the records cannot be read: then nothing is known to be stored.
		missingData: "ignore",
		do: "Read the line \"comparison finished\" in the log of " + contract.ReconcilerName + ": it names the report in the bucket, which names the events. " +
			"Look for the cause at the provider: a disabled endpoint, failed deliveries. If consumer-lag, dlq-age or dlq-retries fires too, end that first: " +
			"a refill then only makes duplicates. Then get the events in with paysluice reconcile PROVIDER --since SINCE --refill, SINCE being that of the line.",
		metric: state(contract.MetricLost), threshold: 1, window: missing,
	})
	unreconciled := window{minutes: tickMinutes, periods: 4, needed: 4}
	var reasons []string
	for _, r := range contract.UnreconciledReasons() {
		reasons = append(reasons, r.Means)
	}
	s.addAlarm(alarm{
		id: "Unreconciled", name: "unreconciled", severity: to.ticket, when: &on, missingData: "breaching",
		means: fmt.Sprintf("%s does not show whether all events of a provider arrived, %v: %s; or the function did not run.",
			contract.ReconcilerName, unreconciled, strings.Join(reasons, "; ")),
		do: "Read reason and error of its ERROR lines; docs/reconciling.md has a remedy for each reason. Keys are in the secret " + APIKeysSecretName + ". " +
			"Without lines, look at the function's errors and throttles.",
		metric: state(contract.MetricUnreconciled), threshold: 1, window: unreconciled,
	})
}

// widgets returns the graphs of the stage, each under its condition.
func (r *reconciling) widgets() []optionalWidget {
	if r == nil {
		return nil
	}
	missing := graph("Is anything missing? Events of the last comparison", []line{
		eventLine(contract.MetricLost), eventLine(contract.MetricListed), eventLine(contract.MetricRefilled), eventLine(contract.MetricUnreconciled),
	})
	missing.Properties["stat"] = "Maximum"
	return []optionalWidget{{r.on, missing}}
}

// senders returns the unique id of each processor's role, and of the reconciler's if it
// refills, as contract.SendersVar has them. SQS names it in the SenderId of each message.
func (s *stack) senders() string {
	var pairs []string
	add := func(provider, role string) {
		pairs = append(pairs, provider+"="+variable(cfn.ID(role+".RoleId")))
	}
	for _, p := range s.options.Providers {
		add(p.Name, p.Title+"ProcessorRole")
	}
	processors := cfn.Sub(strings.Join(pairs, ","))
	if s.reconciling == nil {
		return processors
	}
	add(contract.AnyProvider, "ReconcilerRole")
	return cfn.If(s.reconciling.refills, cfn.Sub(strings.Join(pairs, ",")), processors)
}
