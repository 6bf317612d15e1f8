package reconciler

import (
	"context"
	"errors"
	"fmt"

	"github.com/paysluice/paysluice/handlers/reconcile/source"
)

// errKeys reports a secret that is not the document of source.ParseKeys.
var errKeys = errors.New("the secret is malformed")

// ReadKeys returns a function that reads the secret of the API keys with read. The secret
// is read at each invocation, so that a new key works at once.
func ReadKeys(read func(context.Context) ([]byte, error)) func(context.Context) (map[string]*source.Key, error) {
	return func(ctx context.Context) (map[string]*source.Key, error) {
		document, err := read(ctx)
		if err != nil {
			return nil, err
		}
		keys, err := source.ParseKeys(document)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errKeys, err)
		}
		return keys, nil
	}
}
