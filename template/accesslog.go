package template

import "strings"

// accessLogFormat is one line of JSON for each request. The variables are those
// of the API Gateway Developer Guide, "Variables for access logging"; an absent
// one becomes "-", so all are strings. None is text of the caller's making (a
// path, a header, an error message that repeats one), which would get into the
// log and could break the line.
func accessLogFormat() string {
	fields := []struct{ name, variable string }{
		{"requestId", "requestId"},
		{"extendedRequestId", "extendedRequestId"},
		{"time", "requestTime"},
		{"sourceIp", "identity.sourceIp"},
		{"method", "httpMethod"},
		{"resource", "resourcePath"},
		{"status", "status"},
		{"responseLength", "responseLength"},
		{"responseLatency", "responseLatency"},
		{"authorizerError", "authorizer.error"},
		{"authorizerStatus", "authorizer.status"},
		{"authorizerLatency", "authorizer.latency"},
		{"errorResponseType", "error.responseType"},
		{"integrationStatus", "integration.status"},
		{"integrationLatency", "integrationLatency"},
		{"integrationError", "integrationErrorMessage"},
	}
	var line strings.Builder
	for i, f := range fields {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		line.WriteString(separator + `"` + f.name + `":"$context.` + f.variable + `"`)
	}
	return line.String() + "}"
}
