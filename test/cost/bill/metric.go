package bill

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/cost/stack"
)

// Metrics are numbers of custom metrics.
type Metrics struct {
	// Healthy have data while events are accepted and stored, and nothing else
	// happens.
	Healthy float64
	// All have data in an hour in which everything happens to every provider.
	All float64
}

// CountMetrics counts them: each of contract's under {Environment} and under
// {Environment, Provider}, and those that are made of log lines. root is the
// repository.
func CountMetrics(root string, s stack.Stack) (Metrics, error) {
	names, err := metricNames(root)
	if err != nil {
		return Metrics{}, err
	}
	sets := 1 + float64(len(contract.Providers()))
	usual := 2.0 // Accepted and Stored
	m := Metrics{Healthy: usual * sets, All: float64(len(names))*sets + float64(len(s.FilterMetrics))}
	for _, f := range s.FilterMetrics {
		if f.Counts(contract.MetricAccepted) {
			m.Healthy++
		}
	}
	return m, nil
}

// metricNames are the constants of handlers/contract that name a metric.
func metricNames(root string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "handlers", "contract", "metric.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for _, name := range spec.Names {
				if strings.HasPrefix(name.Name, "Metric") && name.Name != "MetricNamespace" {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	return names, nil
}
