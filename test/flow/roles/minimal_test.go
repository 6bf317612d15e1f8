package roles

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator"
)

const (
	roleName = "some-role-dev"
	bucket   = "arn:aws:s3:::bucket/"
	queue    = "arn:aws:sqs:us-east-1:000000000000:queue"
)

func TestUnneeded(t *testing.T) {
	put := func(key string) emulator.Call {
		return emulator.Call{Role: roleName, Sid: "Keep", Action: "s3:PutObject", Resource: bucket + key}
	}
	send := emulator.Call{Role: roleName, Sid: "Send", Action: "sqs:SendMessage", Resource: queue}
	keep := func(resources ...string) statement {
		return statement{Sid: "Keep", Action: []string{"s3:PutObject"}, Resource: resources}
	}
	mayKeep := Permission{"Keep", "s3:PutObject"}
	for name, c := range map[string]struct {
		allowed statement
		calls   []emulator.Call
		excess  []Excess
	}{
		"all was called": {
			allowed: statement{Sid: "Send", Action: []string{"sqs:SendMessage"}, Resource: []string{queue}},
			calls:   []emulator.Call{send},
		},
		"an action was not called": {
			allowed: statement{Sid: "Send", Action: []string{"sqs:SendMessage", "sqs:PurgeQueue"}, Resource: []string{queue}},
			calls:   []emulator.Call{send},
			excess:  []Excess{{Permission{"Send", "sqs:PurgeQueue"}, queue, ""}},
		},
		"all actions, and one was called": {
			allowed: statement{Sid: "Send", Action: []string{"sqs:*"}, Resource: []string{queue}},
			calls:   []emulator.Call{send},
			excess:  []Excess{{Permission{"Send", "sqs:*"}, queue, ""}},
		},
		"a call of another role does not count": {
			allowed: keep(bucket + "a/*"),
			calls:   []emulator.Call{{Role: "some-role-other", Sid: "Keep", Action: "s3:PutObject", Resource: bucket + "a/1"}},
			excess:  []Excess{{mayKeep, bucket + "a/*", ""}},
		},
		"a call that another statement allowed does not count": {
			allowed: keep(bucket + "a/*"),
			calls:   []emulator.Call{{Role: roleName, Sid: "Other", Action: "s3:PutObject", Resource: bucket + "a/1"}},
			excess:  []Excess{{mayKeep, bucket + "a/*", ""}},
		},
		"the folder was used": {
			allowed: keep(bucket + "a/*"),
			calls:   []emulator.Call{put("a/1")},
		},
		"only one subfolder was used": {
			allowed: keep(bucket + "a/*"),
			calls:   []emulator.Call{put("a/b/1"), put("a/b/2"), put("a/b/c/3")},
			excess:  []Excess{{mayKeep, bucket + "a/*", bucket + "a/b/*"}},
		},
		"two folders of the bucket were used": {
			allowed: keep(bucket + "*"),
			calls:   []emulator.Call{put("a/b/c/1"), put("d/1")},
		},
		"everything": {
			allowed: keep("*"),
			calls:   []emulator.Call{put("a/1"), put("b/1")},
			excess:  []Excess{{mayKeep, "*", bucket + "*"}},
		},
		"a day's folders, which a policy cannot name": {
			allowed: keep(bucket + "a/*"),
			calls:   []emulator.Call{put("a/2026/01/02/1"), put("a/2026/01/02/2")},
		},
		"a minute's folders": {
			allowed: keep(bucket + "fetches/*"),
			calls:   []emulator.Call{put("fetches/2026-01-02T03:04/live/1"), put("fetches/2026-01-02T03:04/live/2")},
		},
		"a retention and a day, which a policy cannot name": {
			allowed: keep(bucket + "large/*/a/*"),
			calls:   []emulator.Call{put("large/0d/a/2026-01-02/1"), put("large/30d/a/2026-01-02/2"), put("large/30d/a/2026-01-03/3")},
		},
		"one day under one retention": {
			allowed: keep(bucket + "large/*/a/*"),
			calls:   []emulator.Call{put("large/0d/a/2026-01-02/1"), put("large/0d/a/2026-01-02/2")},
		},
		"large payloads of one folder": {
			allowed: keep(bucket + "large/*"),
			calls:   []emulator.Call{put("large/0d/a/2026-01-02/1")},
			excess:  []Excess{{mayKeep, bucket + "large/*", bucket + "large/*/a/*"}},
		},
		"days of two folders": {
			allowed: keep(bucket + "*/????/??/??/*.json"),
			calls:   []emulator.Call{put("a/2026/01/02/1.json"), put("b/2026/01/02/1.json")},
		},
		"days of one folder": {
			allowed: keep(bucket + "*/????/??/??/*.json"),
			calls:   []emulator.Call{put("a/2026/01/02/1.json"), put("other/1.json")},
			excess:  []Excess{{mayKeep, bucket + "*/????/??/??/*.json", bucket + "a/*"}},
		},
		"a dot matches only a dot": {
			allowed: keep(bucket + "*.json"),
			calls:   []emulator.Call{put("a-json")},
			excess:  []Excess{{mayKeep, bucket + "*.json", ""}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Role{Name: roleName, Policy: Policy{Statement: []statement{c.allowed}}}

			assert.Equal(t, c.excess, r.Unneeded(c.calls))
			if c.excess == nil {
				assert.NoError(t, r.Minimal(c.calls))
			} else {
				assert.ErrorContains(t, r.Minimal(c.calls), c.excess[0].Action)
			}
		})
	}
}

func TestUnseenOnesMustBeThereAndNeedNoCall(t *testing.T) {
	authorizer := &Role{Name: "a", Type: TypeOf(contract.AuthorizerName), Policy: Policy{Statement: []statement{
		{Sid: "WriteLog", Action: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resource: []string{"log"}},
		{Sid: "DecryptEnvironment", Action: []string{"kms:Decrypt"}, Resource: []string{"key"}},
	}}}
	assert.NoError(t, authorizer.Minimal(nil))

	authorizer.Policy.Statement = authorizer.Policy.Statement[:1]
	assert.ErrorContains(t, authorizer.Minimal(nil),
		"a does not allow kms:Decrypt (DecryptEnvironment), which AWS demands: https://docs.aws.amazon.com/lambda/")
}

func TestAnotherRolesUnseenOnesMustBeCalled(t *testing.T) {
	p := Permission{"UseKeyForSecret", "kms:Decrypt"}
	authorizer := &Role{Type: TypeOf(contract.AuthorizerName), Policy: Policy{Statement: []statement{
		{Sid: p.Sid, Action: []string{p.Action}, Resource: []string{"key"}},
	}}}
	assert.Equal(t, []Excess{{p, "key", ""}}, authorizer.Unneeded(nil))
}
