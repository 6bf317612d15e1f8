// Package policy builds the IAM policies of those who use the paysluice command.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
)

// ErrStack reports a stack that a policy cannot name.
var ErrStack = errors.New("no policy for this stack")

// Level says what a policy allows.
type Level string

// All levels. Each allows what the one before it does.
const (
	ReadOnly Level = "read-only" // reads events and archive, but no signing secret
	Operator Level = "operator"  // every command on a deployed stack
)

// Levels returns all levels.
func Levels() []Level { return []Level{ReadOnly, Operator} }

// Statement is a statement of an IAM policy.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// Document is an IAM policy.
type Document struct {
	Version   string
	Statement []Statement
}

// New returns the policy of a level for a stack. key is the id of the stack's KMS key.
func New(level Level, s *stack.Stack, key string) (Document, error) {
	r, err := newResources(s, key)
	if err != nil {
		return Document{}, err
	}
	d := Document{Version: "2012-10-17"}
	for _, g := range Grants() {
		if g.Level == Operator && level == ReadOnly {
			continue
		}
		// A stack that publishes nothing lacks some of the resources.
		if found := g.resources(r); len(found) > 0 {
			d.Statement = append(d.Statement, Statement{
				Sid: g.Sid, Effect: "Allow", Action: g.Actions, Resource: found, Condition: g.condition(r),
			})
		}
	}
	return d, nil
}

// Most characters of IAM's policies, without white space (IAM User Guide, "IAM and AWS STS
// quotas").
const (
	maxManaged = 6144
	maxInline  = 10240 // of a role
)

// Size says, in a few words that begin with a semicolon, what to do with a document that is
// too long for a managed policy, as one of a stack with a long name or suffix can be.
func (d Document) Size() string {
	text, _ := json.Marshal(d) // strings only
	if len(text) <= maxManaged {
		return ""
	}
	return fmt.Sprintf("; it has %d characters, and a managed policy may have %d: make it an inline policy of a role, which may have %d, with aws iam put-role-policy",
		len(text), maxManaged, maxInline)
}

// JSON returns the document as indented text.
func (d Document) JSON() []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(d) // strings only
	return text.Bytes()
}

// resources builds the ARNs of a stack's resources.
type resources struct {
	*stack.Stack
	partition, region, account string
	key                        string
}

// newResources reads partition, region and account from the stack's own ARN:
// arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{id}.
func newResources(s *stack.Stack, key string) (resources, error) {
	parts := strings.Split(s.ID, ":")
	if len(parts) != 6 || key == "" {
		return resources{}, fmt.Errorf("%w: it has the id %q and the key %q", ErrStack, s.ID, key)
	}
	return resources{Stack: s, partition: parts[1], region: parts[3], account: parts[4], key: key}, nil
}

// arn returns the ARN of a resource in the stack's account and region.
func (r resources) arn(service, resource string) string {
	return strings.Join([]string{"arn", r.partition, service, r.region, r.account, resource}, ":")
}

// arns returns the ARNs of several resources.
func (r resources) arns(service string, names ...string) []string {
	for i, name := range names {
		names[i] = r.arn(service, name)
	}
	return names
}

// bucket returns the ARN of the stack's bucket, followed by a path.
func (r resources) bucket(path string) string {
	return "arn:" + r.partition + ":s3:::" + r.Outputs["BucketName"] + path
}

// queues returns the ARNs of the queues that the stack has. Their URLs end with the name.
func (r resources) queues(outputs ...string) []string {
	var arns []string
	for _, output := range outputs {
		url := r.Outputs[output]
		if url == "" {
			continue
		}
		arns = append(arns, r.arn("sqs", url[strings.LastIndex(url, "/")+1:]))
	}
	return arns
}
