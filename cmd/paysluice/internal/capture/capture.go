// Package capture reads captured webhooks: files with headers and body, HAR
// files, curl command lines and events of API Gateway. It keeps the bytes of a
// body as the capture has them.
package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/provider"
)

// Request is a captured request.
type Request struct {
	Header provider.Header
	Body   []byte
	// URL is where the request was sent, "" if the capture does not say.
	URL string
	// At is when it was received, zero if the capture does not say.
	At time.Time
}

// ErrFormat reports a capture that cannot be read.
var ErrFormat = errors.New("the capture cannot be read")

func formatf(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

// Headers reads header lines, "Name: value". It skips a request line before
// them and ends at an empty line.
func Headers(text []byte) (provider.Header, error) {
	var fields []provider.Field
	for i, line := range strings.Split(strings.ReplaceAll(string(bytes.TrimSpace(text)), "\r\n", "\n"), "\n") {
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		switch {
		case i == 0 && strings.Contains(line, " HTTP/"):
		case !ok || name == "" || strings.ContainsAny(name, " \t"):
			return provider.Header{}, formatf("line %d of the headers is not Name: value", i+1)
		default:
			fields = append(fields, provider.Field{Name: name, Value: strings.TrimSpace(value)})
		}
	}
	if len(fields) == 0 {
		return provider.Header{}, formatf("there is no header line, such as Stripe-Signature: t=…,v1=…")
	}
	return provider.NewHeader(fields), nil
}

// Event reads an event of API Gateway for a proxy integration of a REST API, as a
// Lambda function logs it.
func Event(text []byte) (Request, error) {
	r, err := function.ReadRequest(text)
	if err != nil {
		return Request{}, formatf("%w: copy the whole event, from { to }", err)
	}
	var rest struct {
		HTTPMethod string              `json:"httpMethod"`
		Query      map[string][]string `json:"multiValueQueryStringParameters"`
		Context    struct {
			DomainName string `json:"domainName"`
			Path       string `json:"path"`
			Epoch      int64  `json:"requestTimeEpoch"`
		} `json:"requestContext"`
	}
	if err := json.Unmarshal(text, &rest); err != nil {
		return Request{}, formatf("the event: %w", err)
	}
	if rest.HTTPMethod == "" {
		return Request{}, formatf("the event has no httpMethod: it is not one of a REST API's proxy integration (payload format 1.0)")
	}
	body, err := r.RawBody()
	if err != nil {
		return Request{}, formatf("the event's body: %w", err)
	}
	captured := Request{Header: r.Header, Body: body}
	if c := rest.Context; c.DomainName != "" {
		captured.URL = "https://" + c.DomainName + c.Path
		if len(rest.Query) > 0 {
			captured.URL += "?" + url.Values(rest.Query).Encode()
		}
	}
	if rest.Context.Epoch > 0 {
		captured.At = time.UnixMilli(rest.Context.Epoch)
	}
	return captured, nil
}

// har is the subset of HTTP Archive 1.2 that HAR reads. Some tools add an
// encoding to postData, as the format has one for responses.
type har struct {
	Log struct {
		Entries []struct {
			StartedDateTime time.Time `json:"startedDateTime"`
			Request         struct {
				Method  string `json:"method"`
				URL     string `json:"url"`
				Headers []struct {
					Name  string `json:"name"`
					Value string `json:"value"`
				} `json:"headers"`
				PostData struct {
					Text     string `json:"text"`
					Encoding string `json:"encoding"`
				} `json:"postData"`
			} `json:"request"`
		} `json:"entries"`
	} `json:"log"`
}

// HAR reads an entry of a HAR file. number is its place, from 1; 0 selects the
// only request that has one of the headers.
func HAR(text []byte, number int, headers []string) (Request, error) {
	var file har
	if err := json.Unmarshal(text, &file); err != nil {
		return Request{}, formatf("the HAR file: %w", err)
	}
	entries := file.Log.Entries
	if number == 0 {
		var found []string
		for i, e := range entries {
			for _, h := range e.Request.Headers {
				if containsFold(headers, h.Name) {
					number = i + 1
					found = append(found, fmt.Sprint(number))
					break
				}
			}
		}
		if len(found) != 1 {
			return Request{}, formatf("%d of the HAR file's %d entries have the header %s: choose one with --entry %s",
				len(found), len(entries), headers[0], strings.Join(found, ", "))
		}
	}
	if number < 1 || number > len(entries) {
		return Request{}, formatf("the HAR file has %d entries: --entry must be 1 to %[1]d", len(entries))
	}
	e := entries[number-1]
	var fields []provider.Field
	for _, h := range e.Request.Headers {
		fields = append(fields, provider.Field{Name: h.Name, Value: h.Value})
	}
	body := []byte(e.Request.PostData.Text)
	if e.Request.PostData.Encoding == "base64" {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Request.PostData.Text); err != nil {
			return Request{}, formatf("the body of entry %d says base64: %w", number, err)
		}
	}
	return Request{Header: provider.NewHeader(fields), Body: body, URL: e.Request.URL, At: e.StartedDateTime}, nil
}

func containsFold(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
