package template

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Lines of the access log count as failures of a provider if its processor could not be
// invoked. Types and errors are those of real lines (DataBiosphere/azul#8301, #6624, #8192).
func TestRequestsThatCannotInvokeTheProcessor(t *testing.T) {
	const refused = "Execution failed due to configuration error: "
	d := build(t, Options{}, "dev")
	pattern := decode[string](t, d.Resources["StripeUninvokedFilter"], "FilterPattern")
	for _, row := range []struct {
		why, resource, status, responseType, err string
		counted                                  bool
	}{
		{"the permission or the function is gone", "/stripe", "500", "API_CONFIGURATION_ERROR", refused + "Invalid permissions on Lambda function", true},
		{"Lambda refuses for another reason, such as the role", "/stripe", "500", "INTEGRATION_FAILURE", refused, true},
		{"that of another provider", "/square", "500", "API_CONFIGURATION_ERROR", refused + "Invalid permissions on Lambda function", false},
		{"throttled: a flood can cause it", "/stripe", "500", "INTEGRATION_FAILURE", refused + "Rate Exceeded.", false},
		{"the processor crashes: its errors page", "/stripe", "502", "INTEGRATION_FAILURE", "Lambda Customer Function Error:out of memory", false},
		{"the authorizer fails", "/stripe", "500", "AUTHORIZER_FAILURE", "-", false},
		{"the authorizer is throttled", "/stripe", "500", "AUTHORIZER_CONFIGURATION_ERROR", "-", false},
		{"the authorizer rejects", "/stripe", "401", "ACCESS_DENIED", "-", false},
		{"a body above Lambda's limit", "/stripe", "413", "REQUEST_TOO_LARGE", refused, false},
		{"the processor's own 503", "/stripe", "503", "-", "-", false},
		{"accepted", "/stripe", "200", "-", "-", false},
	} {
		line := map[string]string{"resource": row.resource, "status": row.status, "errorResponseType": row.responseType, "integrationError": row.err}
		counted := true
		for term := range strings.SplitSeq(strings.Trim(pattern, "{ }"), " && ") {
			part := regexp.MustCompile(`^\$\.(\w+) (=|!=) "([^"]*)"$`).FindStringSubmatch(term)
			require.NotNil(t, part, term)
			require.Contains(t, accessLogFormat(), `"`+part[1]+`":`)
			counted = counted && (line[part[1]] == part[3]) == (part[2] == "=")
		}
		assert.Equal(t, row.counted, counted, row.why)
	}
}
