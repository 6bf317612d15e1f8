package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

func secretChecks() []check[*Doctor] {
	var found []check[*Doctor]
	for _, p := range contract.Providers() {
		found = append(found, check[*Doctor]{"secret-" + p.Name, "the secret of " + p.Title, func(d *Doctor, ctx context.Context) ([]Finding, error) {
			return d.checkSecret(ctx, p)
		}})
	}
	return found
}

// checkSecret reads a secret with the parser of the functions. No part of it is in a
// finding.
func (d *Doctor) checkSecret(ctx context.Context, p contract.Provider) ([]Finding, error) {
	arn := d.stack.Outputs[p.Title+"SecretArn"]
	if arn == "" {
		return nil, skipped("the stack has no " + p.Title)
	}
	name := p.Name + "-secret-" + d.stack.Suffix()
	fill := fmt.Sprintf("write the document into a file, docs/secrets.md, and run %s",
		d.aws("secretsmanager put-secret-value --secret-id %s --secret-string file://%s-secret.json", name, p.Name))
	document, err := secret.Reader(d.secrets, arn)(ctx)
	switch removed, isRemoved := errors.AsType[*types.InvalidRequestException](err); {
	case errors.Is(err, provider.SecretEmpty) && d.stack.AWS.Local:
		return nil, skipped("a local stack gets a secret when it is used")
	case errors.Is(err, provider.SecretEmpty):
		return []Finding{{Error, name, "is empty or does not exist",
			"Webhooks of " + p.Title + " are answered 503 and sent again for some days. Without " + p.Title + ", --skip secret-" + p.Name + ".", fill}}, nil
	case isRemoved && strings.Contains(removed.ErrorMessage(), "deletion"):
		return []Finding{{Error, name, "is scheduled for deletion", "Webhooks of " + p.Title + " are answered 503.",
			d.aws("secretsmanager restore-secret --secret-id %s", name)}}, nil
	case err != nil:
		return nil, err
	}
	verifier, _ := all.All(all.Settings{EndpointURL: d.stack.Outputs[p.Title+"Url"]}).ByName(p.Name) // a provider of contract
	if _, err := verifier.Verifier(document); err != nil {
		return []Finding{{Error, name, err.Error(), "Webhooks of " + p.Title + " are answered 503 and sent again for some days.", fill}}, nil
	}
	return nil, nil
}
