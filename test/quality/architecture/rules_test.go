package architecture

// rule forbids imports. A file in one of the folders in, but in none of
// except, may import nothing that matches forbid, unless it matches but.
// "./" is the module, a trailing "..." everything below, "std" the standard
// library.
type rule struct {
	name   string
	why    string
	in     []string
	except []string
	forbid []string
	but    []string
	// tests makes the rule hold in _test.go files too.
	tests bool
}

func rules() []rule {
	aws := []string{"github.com/aws/..."}
	return []rule{
		{
			name:   "template knows names, not handlers",
			why:    "the stack can be changed, built and tested without the code that runs in it; both agree through handlers/contract",
			in:     []string{"./template"},
			forbid: []string{"./..."},
			but:    []string{"./template/cfn", "./handlers/contract"},
		},
		{
			name:   "cfn is a kit",
			why:    "it knows CloudFormation and nothing of this stack",
			in:     []string{"./template/cfn/..."},
			forbid: []string{"./..."},
			but:    []string{"./template/cfn/..."},
			tests:  true,
		},
		{
			name:   "goformation by its service packages",
			why:    "the root packages pull in every AWS service, and their intrinsics corrupt templates silently",
			in:     []string{"./..."},
			forbid: []string{"github.com/awslabs/goformation/v7", "github.com/awslabs/goformation/v7/cloudformation", "github.com/awslabs/goformation/v7/intrinsics"},
			tests:  true,
		},
		{
			name:   "generating calls nothing",
			why:    "a template is a pure function of its options: no client, no account",
			in:     []string{"./template/...", "./cmd/gentemplate"},
			forbid: aws,
		},
		{
			name:   "functions do not carry the template",
			why:    "goformation would be in every zip, and a change of the stack in every function",
			in:     []string{"./handlers/...", "./cmd/lambdas/..."},
			forbid: []string{"./template/...", "github.com/awslabs/..."},
		},
		{
			name:   "handlers are not programs",
			why:    "what is wired together knows nothing of who wires it",
			in:     []string{"./handlers/..."},
			forbid: []string{"./cmd/..."},
			tests:  true,
		},
		{
			name:   "contract is a leaf",
			why:    "template and handlers both import it, so whatever it imported would be in both",
			in:     []string{"./handlers/contract"},
			forbid: []string{"..."},
			but:    []string{"std"},
		},
		{
			name:   "event is plain Go",
			why:    "readers of the table and the archive can import it without an SDK",
			in:     []string{"./handlers/event"},
			forbid: []string{"..."},
			but:    []string{"std"},
		},
		{
			name:   "providers know no cloud",
			why:    "signatures, events and money are facts of the provider; they run anywhere",
			in:     []string{"./handlers/provider/..."},
			forbid: aws,
			tests:  true,
		},
		{
			name:   "one registry",
			why:    "a new provider is one package and one line there",
			in:     []string{"./..."},
			except: []string{"./handlers/provider/all", "./test/..."},
			forbid: []string{"./handlers/provider/..."},
			but:    []string{"./handlers/provider", "./handlers/provider/all", "./handlers/provider/decode"},
		},
		{
			name:   "AWS SDK behind few doors",
			why:    "what talks to a service stands in one package for that service, or in the function that is about it",
			in:     []string{"./..."},
			except: []string{"./handlers/aws/...", "./handlers/authorizer", "./handlers/processor", "./handlers/consumer", "./handlers/archiver", "./handlers/emptier", "./cmd/...", "./test/..."},
			forbid: []string{"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/..."},
		},
		{
			name:   "only mains start",
			why:    "handlers are called with an event, by Lambda or by a test",
			in:     []string{"./..."},
			except: []string{"./cmd/lambdas/...", "./test/..."},
			forbid: []string{"github.com/aws/aws-lambda-go/lambda"},
			tests:  true,
		},
		{
			name:   "functions call nobody over HTTP",
			why:    "only AWS is called, and PayPal's certificates are fetched, by code that guards the URL; status codes and methods are names, not calls",
			in:     []string{"./handlers/...", "./template/..."},
			except: []string{"./handlers/aws/client", "./handlers/provider/paypal"},
			forbid: []string{"net/http/..."},
		},
		{
			name:   "test libraries stay in tests",
			why:    "stripe-go checks age on one side and one secret at a time, square-go-sdk lets an empty body pass; testify is no code to ship",
			in:     []string{"./..."},
			except: []string{"./test/..."},
			forbid: []string{"github.com/stripe/...", "github.com/square/...", "github.com/stretchr/...", "testing/...", "net/http/httptest"},
		},
		{
			name:   "shipped code imports no test tools",
			why:    "test/ is left out of the coverage gate",
			in:     []string{"./..."},
			except: []string{"./test/..."},
			forbid: []string{"./test/..."},
		},
	}
}
