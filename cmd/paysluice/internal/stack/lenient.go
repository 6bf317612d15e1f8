package stack

import (
	"bytes"
	"io"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// lenient is the HTTP client for an emulator. MiniStack keeps parameters of a template
// as text, and the SDK refuses text in place of a boolean.
type lenient struct {
	aws.HTTPClient
	quoted *regexp.Regexp
}

func newLenient(c aws.HTTPClient) lenient {
	return lenient{c, regexp.MustCompile(`"(tracingEnabled|DeletionProtectionEnabled)":\s*"(true|false)"`)}
}

// Do sends a request and returns the response with those booleans unquoted.
func (l lenient) Do(r *http.Request) (*http.Response, error) {
	response, err := l.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	if repaired := l.quoted.ReplaceAll(body, []byte(`"$1": $2`)); !bytes.Equal(repaired, body) {
		body = repaired
		response.Header.Del("X-Amz-Crc32")
		response.ContentLength = int64(len(body))
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
