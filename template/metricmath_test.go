package template

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// query is one of an alarm's Metrics.
type query struct {
	ID         string `json:"Id"`
	Expression string
	MetricStat struct{ Metric measured }
	ReturnData bool
}

// mathOf is the value of the expression among queries, if there is one: without
// data for one of its metrics that FILL does not provide for, there is none
// (CloudWatch User Guide, "Using math expressions").
func mathOf(t require.TestingT, queries []query, values map[string]float64) (value float64, ok bool) {
	m := metricMath{t: t, data: map[string]float64{}, ok: true}
	var expression string
	for _, q := range queries {
		if q.ReturnData {
			require.Empty(t, expression, "one query is what the alarm looks at")
			expression = q.Expression
		} else if v, ok := values[q.MetricStat.Metric.key()]; ok {
			m.data[q.ID] = v
		}
	}
	// The operators and calls of metric math in use are Go's.
	tree, err := parser.ParseExpr(expression)
	require.NoError(t, err, expression)
	return m.eval(tree), m.ok
}

type metricMath struct {
	t    require.TestingT
	data map[string]float64
	ok   bool // all data that was needed was there
}

func (m *metricMath) eval(e ast.Expr) float64 {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return m.eval(e.X)
	case *ast.BasicLit:
		v, err := strconv.ParseFloat(e.Value, 64)
		require.NoError(m.t, err)
		return v
	case *ast.Ident:
		v, ok := m.data[e.Name]
		m.ok = m.ok && ok
		return v
	case *ast.BinaryExpr:
		return m.operate(e.Op, m.eval(e.X), m.eval(e.Y))
	case *ast.CallExpr:
		return m.call(e.Fun.(*ast.Ident).Name, e.Args)
	}
	require.Fail(m.t, "not in use", "%T", e)
	return 0
}

func (m *metricMath) operate(op token.Token, x, y float64) float64 {
	switch op {
	case token.ADD:
		return x + y
	case token.SUB:
		return x - y
	case token.QUO:
		return x / y
	case token.GEQ:
		if x >= y {
			return 1
		}
		return 0
	}
	require.Fail(m.t, "not in use", "%s", op)
	return 0
}

func (m *metricMath) call(name string, args []ast.Expr) float64 {
	switch name {
	case "FILL":
		if v, ok := m.data[args[0].(*ast.Ident).Name]; ok {
			return v
		}
		return m.eval(args[1])
	case "IF":
		if m.eval(args[0]) != 0 {
			return m.eval(args[1])
		}
		return m.eval(args[2])
	}
	require.Fail(m.t, "not in use", "%s", name)
	return 0
}

func TestMetricMath(t *testing.T) {
	for name, row := range map[string]struct {
		expression string
		want       float64
		ok         bool
	}{
		"numbers and brackets":          {"(1 + 2) / 4", 0.75, true},
		"a metric":                      {"there - 1", 41, true},
		"one without data":              {"absent + 1", 1, false},
		"one without data, filled":      {"FILL(absent, 7) + FILL(there, 7)", 49, true},
		"the branch of the condition":   {"IF(there >= 42, 1, absent)", 1, true},
		"the branch of its opposite":    {"IF(there >= 43, absent, 2)", 2, true},
		"a condition on what is absent": {"IF(absent >= 1, 1, 2)", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			there := query{ID: "there"}
			there.MetricStat.Metric.MetricName = "There"
			got, ok := mathOf(t, []query{{Expression: row.expression, ReturnData: true}, there, {ID: "absent"}},
				map[string]float64{"There": 42})
			assert.Equal(t, row.want, got)
			assert.Equal(t, row.ok, ok)
		})
	}
}
