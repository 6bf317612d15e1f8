package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// apiKey reads the key from the environment, a secret or the terminal, and says which.
func (a *app) apiKey(ctx context.Context, sandbox bool, s *stack.Stack, p contract.Provider) (source.Key, error) {
	key := source.Key{Sandbox: sandbox}
	fields := keyFields(p, &key)
	set := false
	for _, field := range fields {
		*field.value = os.Getenv(field.variable)
		set = set || *field.value != ""
	}
	from := variables(fields)
	if !set {
		stored, secret, err := query.APIKey(ctx, s, p)
		switch {
		case err == nil:
			key, from = stored, "the secret "+secret
		case !errors.Is(err, query.ErrNotFound):
			return key, err
		default:
			if errors.Is(err, stack.ErrDenied) {
				fmt.Fprintln(a.err, output.Printable(err.Error()))
			}
			if from, err = enterKey(ctx, fields, a.prompt, noKey(s, p, from)); err != nil {
				return key, err
			}
		}
	}
	fmt.Fprintf(a.err, "key for %s: from %s\n", p.Title, from)
	if p.Name == contract.Stripe().Name {
		key.Sandbox = source.StripeSandbox(key.Token)
	}
	return key, key.Check(p)
}

// noKey reports that no place has a key for a provider. variables names the environment
// variables that can hold one.
func noKey(s *stack.Stack, p contract.Provider, variables string) error {
	places := fmt.Sprintf("set %s, or put %s into the secret %s", variables, source.Documents(p), query.KeySecret(s, p))
	if _, name := query.StackKeySecret(s); name != "" {
		places += fmt.Sprintf(", or as %q into the secret %s", p.Name, name)
	}
	return usagef("no key for %s: %s", p.Title, places)
}

// enterKey asks for the parts of a key. It returns where they come from. Without a terminal
// the error is none.
func enterKey(ctx context.Context, fields []keyField, ask func(context.Context, string) ([]byte, error), none error) (from string, err error) {
	for _, field := range fields {
		text, err := ask(ctx, field.title)
		if errors.Is(err, errUsage) {
			return "", none
		}
		if err != nil {
			return "", err
		}
		*field.value = string(text)
	}
	return "the terminal", nil
}

// keyField is a part of a key.
type keyField struct {
	variable, title string
	value           *string
}

func keyFields(p contract.Provider, k *source.Key) []keyField {
	switch p.Name {
	case contract.Stripe().Name:
		return []keyField{{"STRIPE_API_KEY", "Stripe's restricted key", &k.Token}}
	case contract.PayPal().Name:
		return []keyField{
			{"PAYPAL_CLIENT_ID", "The client id of PayPal's app", &k.ClientID},
			{"PAYPAL_CLIENT_SECRET", "The client secret of PayPal's app", &k.ClientSecret},
		}
	}
	return []keyField{{"SQUARE_ACCESS_TOKEN", "The access token of Square's application", &k.Token}}
}

func variables(fields []keyField) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.variable)
	}
	return strings.Join(names, " and ")
}
