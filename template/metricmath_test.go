package template

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"slices"
	"strconv"

	"github.com/stretchr/testify/require"
)

// metricMath evaluates the expression of an alarm, by the rules of the CloudWatch User
// Guide, "Using math expressions with CloudWatch metrics". The syntax is also that of Go.
type metricMath struct {
	t        require.TestingT
	operands map[string]series
	periods  int
	// fillsEmpty is whether FILL gives values to a metric that has none in all periods.
	// The guide does not say.
	fillsEmpty bool
}

// series has a value for each period, NaN for none.
type series []float64

func (s series) existing() series {
	return slices.DeleteFunc(slices.Clone(s), math.IsNaN)
}

func (m metricMath) evaluate(expression string) series {
	e, err := parser.ParseExpr(expression)
	require.NoError(m.t, err, expression)
	return m.series(e)
}

func (m metricMath) series(e ast.Expr) series {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return m.series(e.X)
	case *ast.BasicLit:
		number, err := strconv.ParseFloat(e.Value, 64)
		require.NoError(m.t, err)
		return slices.Repeat(series{number}, m.periods)
	case *ast.Ident:
		require.Contains(m.t, m.operands, e.Name)
		return m.operands[e.Name]
	case *ast.BinaryExpr:
		return m.operate(e)
	case *ast.CallExpr:
		if name := e.Fun.(*ast.Ident).Name; name != "FILL" {
			require.Equal(m.t, "IF", name)
			return m.choose(e.Args)
		}
		return m.fill(m.series(e.Args[0]), e.Args[1])
	}
	require.Fail(m.t, "not an expression of metric math", "%T", e)
	return nil
}

// operate counts a missing value as 0 if the other operand is a metric that has one. The
// result of a division by 0 is missing.
func (m metricMath) operate(e *ast.BinaryExpr) series {
	_, number := e.X.(*ast.BasicLit)
	_, threshold := e.Y.(*ast.BasicLit)
	x, y, result := m.series(e.X), m.series(e.Y), make(series, m.periods)
	for i := range result {
		a, b := x[i], y[i]
		if none := math.IsNaN; none(a) && (threshold || none(b)) || none(b) && number {
			result[i] = math.NaN()
			continue
		}
		a, b = orZero(a), orZero(b)
		switch e.Op {
		case token.ADD:
			result[i] = a + b
		case token.SUB:
			result[i] = a - b
		case token.MUL:
			result[i] = a * b
		case token.QUO:
			if result[i] = a / b; b == 0 {
				result[i] = math.NaN()
			}
		case token.GTR:
			if a > b {
				result[i] = 1
			}
		default:
			require.Fail(m.t, "unknown operator", e.Op)
		}
	}
	return result
}

func (m metricMath) choose(args []ast.Expr) series {
	condition, yes, no := m.series(args[0]), m.series(args[1]), m.series(args[2])
	result := slices.Clone(condition) // a condition without a value has no result
	for i, c := range condition {
		switch {
		case c == 0:
			result[i] = no[i]
		case !math.IsNaN(c):
			result[i] = orZero(yes[i])
		}
	}
	return result
}

func (m metricMath) fill(s series, with ast.Expr) series {
	repeat, isName := with.(*ast.Ident)
	s = slices.Clone(s)
	if len(s.existing()) == 0 && (isName || !m.fillsEmpty) {
		return s
	}
	for i, value := range s {
		switch {
		case !math.IsNaN(value):
		case !isName:
			s[i] = m.series(with)[i]
		default:
			require.Equal(m.t, "REPEAT", repeat.Name)
			if i > 0 {
				s[i] = s[i-1]
			}
		}
	}
	return s
}

func orZero(value float64) float64 {
	if math.IsNaN(value) {
		return 0
	}
	return value
}
