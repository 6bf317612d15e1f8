package functions

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoAblation: there is no ablation of that name.
var ErrNoAblation = errors.New("no such optimisation")

// Ablation is one optimisation, and how to take it away from the processor.
type Ablation struct {
	// Name is one word.
	Name string
	// What the optimisation is, so that it can stand behind "without".
	What string
	// Variables are dropped from the environment that the template sets.
	Variables []string
	// Edits change the sources.
	Edits []Edit
}

// Ablations are the optimisations that are kept. A change that makes one of them
// stale says so in TestAblationsApply: the edit is then written anew, or the
// ablation goes with what it was about.
func Ablations() []Ablation {
	const (
		processor = "cmd/lambdas/processor/main.go"
		http      = "handlers/awsclient/http.go"
		reader    = "handlers/provider/envelope/reader.go"

		// The first of the SDK's imports, behind which another one can stand.
		sdkImport = `"github.com/aws/aws-sdk-go-v2/aws"`
	)
	noConnection := Edit{
		processor, `func() { httpClient.Connect(ctx, cmp.Or(aws.ToString(clients.BaseEndpoint), queueURL)) }`,
		`func() { _ = cmp.Or(aws.ToString(clients.BaseEndpoint), queueURL) }`,
	}
	noSecret := Edit{processor, `func() { _, _ = secrets.Get(ctx) },`, ``}
	return []Ablation{
		{
			Name: "gomaxprocs", What: "`GOMAXPROCS=1`",
			Variables: []string{"GOMAXPROCS"},
		},
		{
			Name: "connection", What: "the connection to SQS that init opens (`HTTPClient.Connect`)",
			Edits: []Edit{noConnection},
		},
		{
			Name: "secret", What: "the secret that init reads",
			Edits: []Edit{noSecret},
		},
		{
			Name: "ahead", What: "both: nothing made ready by init",
			Edits: []Edit{noConnection, noSecret},
		},
		{
			Name: "memory", What: "bodies handed to net/http as memory (`awsclient`)",
			Edits: []Edit{{http, `if r.Body != nil && r.ContentLength > 0 {`, `if false {`}},
		},
		{
			Name: "record", What: "one TLS record a request (`awsclient`)",
			Edits: []Edit{
				{http, `DynamicRecordSizingDisabled: true,`, `DynamicRecordSizingDisabled: false,`},
				{http, `WriteBufferSize:       writeBuffer,`, `WriteBufferSize:       0,`},
			},
		},
		{
			Name: "config", What: "a configuration of its own, in place of the SDK's `LoadDefaultConfig` (`awsclient.Config`)",
			Edits: []Edit{
				{processor, sdkImport, sdkImport + `; sdkconfig "github.com/aws/aws-sdk-go-v2/config"`},
				{processor, `clients       = awsclient.Config(vars, httpClient)`, `clients, _ = sdkconfig.LoadDefaultConfig(ctx, sdkconfig.WithHTTPClient(httpClient))`},
			},
		},
		{
			Name: "dynamodb", What: "S3 in a package of its own, so that DynamoDB is not linked in (`s3store`)",
			Edits: []Edit{{processor, sdkImport, sdkImport + `; _ "github.com/paysluice/paysluice/handlers/aws/table"`}},
		},
		{
			Name: "members", What: "the pass that leaves out what nobody reads of a body (`envelope.Reader`)",
			Edits: []Edit{
				{reader, `p := picker{Scanner: jsonscan.New(body), picked: make([]byte, 0, 1024)}`, `p := picker{Scanner: jsonscan.New(body)}`},
				{reader, `ok := p.pick(r.wanted())`, ``},
				{reader, `if !ok || !p.AtEnd() || Unmarshal(p.picked, v) != nil {`, `if Unmarshal(body, v) != nil {`},
			},
		},
	}
}

// AblationsNamed are those of these names, in their order.
func AblationsNamed(names []string) ([]Ablation, error) {
	all := Ablations()
	var some []Ablation
	for _, name := range names {
		i := slices.IndexFunc(all, func(a Ablation) bool { return a.Name == name })
		if i < 0 {
			known := make([]string, len(all))
			for i, a := range all {
				known[i] = a.Name
			}
			return nil, fmt.Errorf("%w: %q; there are %s", ErrNoAblation, name, strings.Join(known, ", "))
		}
		some = append(some, all[i])
	}
	return some, nil
}

// Environment is what is left of a function's variables. The error is ErrStale
// when one to be dropped is not among them.
func (a Ablation) Environment(env []string) ([]string, error) {
	left := slices.Clone(env)
	for _, name := range a.Variables {
		n := len(left)
		left = slices.DeleteFunc(left, func(variable string) bool { return strings.HasPrefix(variable, name+"=") })
		if len(left) == n {
			return nil, fmt.Errorf("%w: %s: the template does not set %s", ErrStale, a.Name, name)
		}
	}
	return left, nil
}
