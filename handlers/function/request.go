package function

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/paysluice/paysluice/handlers/provider"
)

// ErrEvent is returned for an event that is not a JSON object.
var ErrEvent = errors.New("not an API Gateway event")

// Request is a request as API Gateway passes it to an authorizer or a proxy
// integration.
type Request struct {
	// Resource is the path of the API's resource: "/stripe".
	Resource string
	// MethodARN is set only in authorizer requests.
	MethodARN string
	// RequestID and ExtendedRequestID are API Gateway's request ids, which its access
	// log has too. The sender can choose the former.
	RequestID, ExtendedRequestID string
	// Header holds multiValueHeaders, or headers when that is empty.
	Header provider.Header
	// Body is the body as it is in the event. Authorizer requests have none.
	Body []byte
	// IsBase64Encoded reports whether Body is in base64.
	IsBase64Encoded bool
}

// RawBody returns the bytes that the provider signed. The error is
// provider.BodyNotBase64.
func (r Request) RawBody() ([]byte, error) {
	if !r.IsBase64Encoded {
		return r.Body, nil
	}
	body, err := base64.StdEncoding.AppendDecode(nil, r.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", provider.BodyNotBase64, err)
	}
	return body, nil
}

// ReadRequest reads an event of API Gateway. Members that are missing or have
// another type stay empty, so that events of other sources have no signature.
// The error is ErrEvent.
func ReadRequest(event []byte) (Request, error) {
	var r Request
	if err := r.read(event); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	return r, nil
}

var errNotAnObject = errors.New("not exactly one JSON object")

func (r *Request) read(event []byte) error {
	d := newDecoder(event)
	if d.PeekKind() != '{' {
		return errNotAnObject
	}
	var fields []provider.Field
	var headers jsontext.Value
	err := readMembers(d, func(name string) (err error) {
		switch name {
		case "resource":
			return readText(d, &r.Resource)
		case "methodArn":
			return readText(d, &r.MethodARN)
		case "requestContext":
			return readMembers(d, func(name string) error {
				switch name {
				case "requestId":
					return readText(d, &r.RequestID)
				case "extendedRequestId":
					return readText(d, &r.ExtendedRequestID)
				}
				return d.SkipValue()
			})
		case "headers":
			headers, err = d.ReadValue()
			headers = headers.Clone() // valid only until the next read
			return err
		case "multiValueHeaders":
			fields, err = readFields(d)
			return err
		case "body":
			value, err := d.ReadValue()
			if value.Kind() == '"' {
				r.Body, _ = jsontext.AppendUnquote(nil, value) // invalid UTF-8 is replaced, as in encoding/json
			}
			return err
		case "isBase64Encoded":
			r.IsBase64Encoded = d.PeekKind() == 't'
		}
		return d.SkipValue()
	})
	if err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return errNotAnObject
	}
	// headers keeps only the last value of a repeated header.
	if fields == nil && len(headers) > 0 {
		fields, err = readFields(newDecoder(headers))
	}
	r.Header = provider.NewHeader(fields)
	return err
}

// usualFields exceeds the number of headers in a provider's request: about ten
// of HTTP and API Gateway and up to seven of the provider.
const usualFields = 24

// readFields reads an object whose members are strings or arrays of strings and
// returns a field for each string. It returns nil for an object without members
// and for values of other types.
func readFields(d *jsontext.Decoder) (fields []provider.Field, err error) {
	err = readMembers(d, func(name string) error {
		if fields == nil {
			fields = make([]provider.Field, 0, usualFields)
		}
		add := func() error {
			if d.PeekKind() != '"' {
				return d.SkipValue()
			}
			field := provider.Field{Name: name}
			err := readText(d, &field.Value)
			fields = append(fields, field)
			return err
		}
		if d.PeekKind() == '[' {
			return readEach(d, '[', ']', add)
		}
		return add()
	})
	return fields, err
}

func newDecoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// readMembers reads an object and calls read with each name to read the value.
func readMembers(d *jsontext.Decoder, read func(name string) error) error {
	return readEach(d, '{', '}', func() error {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		return read(name.String())
	})
}

// readEach reads an object or array and calls read until its end. It skips
// values that do not begin with open.
func readEach(d *jsontext.Decoder, open, end jsontext.Kind, read func() error) error {
	if d.PeekKind() != open {
		return d.SkipValue()
	}
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != end {
		err = read()
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}

// readText reads a value and stores it in text if it is a string.
func readText(d *jsontext.Decoder, text *string) error {
	if d.PeekKind() != '"' {
		return d.SkipValue()
	}
	token, err := d.ReadToken()
	*text = token.String()
	return err
}
