package bill

import (
	"fmt"
	"path/filepath"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/sizes"
	"github.com/paysluice/paysluice/test/cost/stack"
	"github.com/paysluice/paysluice/test/measured"
)

// Inputs are everything that a bill follows from.
type Inputs struct {
	Model
	Prices  Prices
	Metrics Metrics
}

// Read reads them all: the template and the code below root, the prices, and
// what was measured in the file of results.
func Read(root, results string) (Inputs, error) {
	var in Inputs
	var err error
	if in.Stack, err = stack.Read(root); err != nil {
		return Inputs{}, err
	}
	if in.Sizes, err = sizes.Read(root, in.Stack); err != nil {
		return Inputs{}, err
	}
	if in.Metrics, err = CountMetrics(root, in.Stack); err != nil {
		return Inputs{}, err
	}
	if in.Prices, err = ReadPrices(filepath.Join(root, "test", "cost", "prices.json")); err != nil {
		return Inputs{}, err
	}
	r, err := measured.Read(results)
	if err != nil {
		return Inputs{}, fmt.Errorf("%w (make load and make coldstart measure)", err)
	}
	in.Durations, err = Durations(r)
	in.Single = single(in.Durations[contract.ConsumerName], r)
	return in, err
}
