package function

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/paysluice/paysluice/handlers/jsonscan"
	"github.com/paysluice/paysluice/handlers/provider"
)

// ErrEvent is an event that cannot be API Gateway's.
var ErrEvent = errors.New("the event is not one of API Gateway's")

// Request is a request as an authorizer or a proxy integration is given it.
type Request struct {
	// Resource is the path of the API's resource: "/stripe".
	Resource string
	// MethodARN is what an authorizer is asked about; a proxy integration is
	// given none.
	MethodARN string
	// RequestID is API Gateway's, which its access log has too.
	RequestID string
	// Header is of multiValueHeaders, or of headers where that is empty.
	Header provider.Header
	// Body is the text that stands in the event; an authorizer is given none. It
	// may be part of the event, whose memory the next invocation's event takes.
	Body []byte
	// IsBase64Encoded says that Body is the body in base64.
	IsBase64Encoded bool
}

// ReadRequest reads an event. A member that is missing or of a wrong type is empty, as of
// an event that was meant for another function: then no signature is found. The
// error is ErrEvent for what is not one JSON object.
func ReadRequest(event []byte) (Request, error) {
	var r Request
	var headers, multi []byte
	s := jsonscan.New(event)
	s.SkipSpace()
	ok := s.Object(func(name []byte) bool {
		if string(name) == `"requestContext"` {
			return r.readContext(&s)
		}
		value, ok := s.Value()
		switch string(name) {
		case `"resource"`:
			r.Resource = jsonscan.Text(value)
		case `"methodArn"`:
			r.MethodARN = jsonscan.Text(value)
		case `"headers"`:
			headers = value
		case `"multiValueHeaders"`:
			multi = value
		case `"body"`:
			r.Body = text(value)
		case `"isBase64Encoded"`:
			r.IsBase64Encoded = string(value) == "true"
		}
		return ok
	})
	if !ok || !s.AtEnd() {
		return Request{}, fmt.Errorf("%w: it is not a JSON object", ErrEvent)
	}
	r.Header = header(multi, headers)
	return r, nil
}

func (r *Request) readContext(s *jsonscan.Scanner) bool {
	if s.Next() != '{' {
		return s.SkipValue() // null, by hand
	}
	return s.Object(func(name []byte) bool {
		value, ok := s.Value()
		if string(name) == `"requestId"` {
			r.RequestID = jsonscan.Text(value)
		}
		return ok
	})
}

// text is what a string holds. A body in base64 stands for itself, and stays
// where it is.
func text(value []byte) []byte {
	if plain, ok := jsonscan.Plain(value); ok {
		return plain
	}
	return []byte(jsonscan.Text(value))
}

// RawBody is the bytes that the provider signed. The error is BodyNotBase64.
func (r Request) RawBody() ([]byte, error) {
	if !r.IsBase64Encoded {
		return r.Body, nil
	}
	body := make([]byte, base64.StdEncoding.DecodedLen(len(r.Body)))
	n, err := base64.StdEncoding.Decode(body, r.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.BodyNotBase64, err)
	}
	return body[:n], nil
}
