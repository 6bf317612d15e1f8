package stack

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type answer struct {
	body io.Reader
	err  error
}

func (a answer) Do(*http.Request) (*http.Response, error) {
	return &http.Response{Header: http.Header{"X-Amz-Crc32": {"1"}}, Body: io.NopCloser(a.body)}, a.err
}

func TestLenientUnquotesBooleans(t *testing.T) {
	response, err := newLenient(answer{strings.NewReader(`{"tracingEnabled": "false", "other": "true"}`), nil}).Do(nil)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, `{"tracingEnabled": false, "other": "true"}`, string(body))
	assert.Empty(t, response.Header, "the checksum is of the other body")

	broken := errors.New("broken")
	for _, a := range []answer{{strings.NewReader(""), broken}, {iotest.ErrReader(broken), nil}} {
		_, err := newLenient(a).Do(nil)
		assert.ErrorIs(t, err, broken)
	}
}
