package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

func secretChecks() []check[*Doctor] {
	var found []check[*Doctor]
	for _, p := range contract.Providers() {
		found = append(found, check[*Doctor]{"secret-" + p.Name, "the secret of " + p.Title, func(d *Doctor, ctx context.Context) ([]Finding, error) {
			return d.checkSecret(ctx, p)
		}})
	}
	return append(found, check[*Doctor]{"api-keys", "the keys of the providers' APIs", (*Doctor).checkAPIKeys})
}

// document is a secret with what an unusable one means and the command that fills it.
type document struct {
	arn, name, means, fill string
	parse                  func([]byte) error
}

// checkSecret reads a secret with the parser of the functions.
func (d *Doctor) checkSecret(ctx context.Context, p contract.Provider) ([]Finding, error) {
	arn := d.stack.Outputs[p.Title+"SecretArn"]
	if arn == "" {
		return nil, skipped("the stack has no " + p.Title)
	}
	name := p.Name + "-secret-" + d.stack.Suffix()
	return d.checkDocument(ctx, document{
		arn: arn, name: name,
		means: "Webhooks of " + p.Title + " are answered 503 and sent again for some days. Without " + p.Title + ", --skip secret-" + p.Name + ".",
		fill:  d.fill("docs/secrets.md", name, p.Name+"-secret.json"),
		parse: func(text []byte) error {
			verifier, _ := all.All(all.Settings{EndpointURL: d.stack.Outputs[p.Title+"Url"]}).ByName(p.Name) // a provider of contract
			_, err := verifier.Verifier(text)
			return err
		},
	})
}

// checkAPIKeys reads the secret of the scheduled comparison with its parser.
func (d *Doctor) checkAPIKeys(ctx context.Context) ([]Finding, error) {
	arn, name := query.StackKeySecret(d.stack)
	if arn == "" {
		return nil, skipped("the stack compares nothing on a schedule: ReconcileEvery is 0")
	}
	return d.checkDocument(ctx, document{
		arn: arn, name: name,
		means: contract.ReconcilerName + " compares only providers with a readable key, so events that never arrive go unnoticed.",
		fill:  d.fill("docs/reconciling.md, How do I compare on a schedule?", name, "keys.json"),
		parse: func(text []byte) error {
			keys, err := source.ParseKeys(text)
			if err != nil {
				return err
			}
			var left []string
			for _, p := range contract.Providers() {
				if _, named := keys[p.Name]; !named && d.stack.Outputs[p.Title+"Url"] != "" {
					left = append(left, p.Title)
				}
			}
			if len(left) > 0 {
				return fmt.Errorf("has neither a key nor null for %s", strings.Join(left, ", "))
			}
			return nil
		},
	})
}

// fill returns the remedy of a secret without a usable document.
func (d *Doctor) fill(page, name, file string) string {
	return fmt.Sprintf("write the document into a file, %s, and run %s",
		page, d.aws("secretsmanager put-secret-value --secret-id %s --secret-string file://%s", name, file))
}

// checkDocument reads a secret. No part of it is in a finding.
func (d *Doctor) checkDocument(ctx context.Context, wanted document) ([]Finding, error) {
	text, err := secret.Reader(d.secrets, wanted.arn)(ctx)
	switch removed, isRemoved := errors.AsType[*types.InvalidRequestException](err); {
	case errors.Is(err, provider.SecretEmpty) && d.stack.AWS.Local:
		return nil, skipped("a secret of a local stack may be empty")
	case errors.Is(err, provider.SecretEmpty):
		return []Finding{{Error, wanted.name, "is empty or does not exist", wanted.means, wanted.fill}}, nil
	case isRemoved && strings.Contains(removed.ErrorMessage(), "deletion"):
		return []Finding{{Error, wanted.name, "is scheduled for deletion", wanted.means, d.aws("secretsmanager restore-secret --secret-id %s", wanted.name)}}, nil
	case err != nil:
		return nil, err
	}
	if err := wanted.parse(text); err != nil {
		return []Finding{{Error, wanted.name, err.Error(), wanted.means, wanted.fill}}, nil
	}
	return nil, nil
}
