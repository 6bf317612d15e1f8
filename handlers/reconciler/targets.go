package reconciler

import (
	"errors"
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/provider"
)

// ErrTargets reports a value of contract.EndpointURLsVar that names no known provider and
// its URL.
var ErrTargets = errors.New("not a list of {provider}={URL}")

// ParseTargets reads "{provider}={URL},…", the value of contract.EndpointURLsVar.
func ParseTargets(text string, known provider.Set) ([]Target, error) {
	var targets []Target
	for pair := range strings.SplitSeq(text, ",") {
		name, url, found := strings.Cut(pair, "=")
		if !found || url == "" {
			return nil, fmt.Errorf("%w: %q", ErrTargets, pair)
		}
		p, err := known.ByName(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTargets, err)
		}
		targets = append(targets, Target{Provider: p, URL: url})
	}
	return targets, nil
}
