package function_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/function"
)

type (
	question struct{ Name string }
	answer   struct {
		Greeting string `json:"greeting"`
	}
)

var errNobody = errors.New("nobody there")

func greet(_ context.Context, q question) (answer, error) {
	if q.Name == "" {
		return answer{}, errNobody
	}
	return answer{"hello " + q.Name}, nil
}

func TestInvoke(t *testing.T) {
	h := function.NewHandler(function.DecodeJSON[question], greet)

	out, err := h.Invoke(t.Context(), []byte(`{"name":"you","more":[1]}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"greeting":"hello you"}`, string(out))

	_, err = h.Invoke(t.Context(), []byte(`{}`))
	require.ErrorIs(t, err, errNobody, "the handler's error")

	for _, event := range []string{``, `{`, `[]`, `{"name":{}}`} {
		_, err := h.Invoke(t.Context(), []byte(event))
		assert.ErrorContains(t, err, "function_test.question", event)
	}
}
