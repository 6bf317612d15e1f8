// Package wire reads HTTP/1.1 requests with buffers that the next request
// reuses. The servers of the load harness stand in for AWS on the machine that
// they measure, and net/http's server would take more of its CPU than some of
// the functions do.
//
// It understands what Go's net/http client and so the AWS SDK and the Lambda
// runtime client send, not all that HTTP allows.
package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrMalformed is a request that a Go client does not send.
var ErrMalformed = errors.New("malformed HTTP request")

// size of the buffer, which bounds one line of a request's head: bytes.
const size = 16 << 10

// Request is one request. Its slices are valid until the next one is read.
type Request struct {
	Method, Path []byte
	// Target is the X-Amz-Target header, the operation of AWS's JSON protocols.
	Target []byte
	Body   []byte
}

// Reader reads the requests of one connection.
type Reader struct {
	in *bufio.Reader
	// out takes "100 Continue", for which S3 clients wait with large bodies.
	out  io.Writer
	head []byte
	body []byte
}

// NewReader reads from a connection.
func NewReader(conn io.ReadWriter) *Reader {
	return &Reader{in: bufio.NewReaderSize(conn, size), out: conn}
}

// Next reads one request. At the end of the connection it is io.EOF.
func (r *Reader) Next() (Request, error) {
	request, err := r.requestLine()
	if err != nil {
		return request, err
	}
	var framing framing
	for {
		name, value, err := r.header()
		if err != nil {
			return request, err
		}
		if name == nil {
			break
		}
		if isHeader(name, "x-amz-target") {
			request.Target = r.keep(value)
		}
		if err := framing.note(name, value); err != nil {
			return request, err
		}
	}
	if framing.expects {
		if _, err := io.WriteString(r.out, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return request, err
		}
	}
	request.Body, err = r.readBody(framing)
	return request, err
}

func (r *Reader) requestLine() (Request, error) {
	line, err := r.in.ReadSlice('\n')
	if err != nil {
		return Request{}, err
	}
	// Room for what is kept of the head, so that it never moves.
	if cap(r.head) < size {
		r.head = make([]byte, 0, size)
	}
	r.head = r.head[:0]
	method, rest, found := bytes.Cut(line, []byte(" "))
	path, _, ok := bytes.Cut(rest, []byte(" "))
	if !found || !ok {
		return Request{}, fmt.Errorf("%w: request line %q", ErrMalformed, line)
	}
	return Request{Method: r.keep(method), Path: r.keep(path)}, nil
}

// keep copies out of the read buffer, which the next read overwrites.
func (r *Reader) keep(b []byte) []byte {
	if len(r.head)+len(b) > cap(r.head) {
		return bytes.Clone(b)
	}
	start := len(r.head)
	r.head = append(r.head, b...)
	return r.head[start:len(r.head):len(r.head)]
}

// header is the next line of the head; name is nil at its end.
func (r *Reader) header() (name, value []byte, err error) {
	line, err := r.in.ReadSlice('\n')
	if err != nil {
		return nil, nil, unexpected(err)
	}
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 {
		return nil, nil, nil
	}
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found {
		return nil, nil, fmt.Errorf("%w: header %q", ErrMalformed, line)
	}
	return name, bytes.TrimSpace(value), nil
}

// framing is how long a body is.
type framing struct {
	length  int
	chunked bool
	expects bool
}

func (f *framing) note(name, value []byte) (err error) {
	switch {
	case isHeader(name, "content-length"):
		f.length, err = strconv.Atoi(string(value))
		if err != nil || f.length < 0 {
			return fmt.Errorf("%w: content length %q", ErrMalformed, value)
		}
	case isHeader(name, "transfer-encoding"):
		f.chunked = string(value) == "chunked"
	case isHeader(name, "expect"):
		f.expects = true
	}
	return nil
}

func (r *Reader) readBody(f framing) ([]byte, error) {
	r.body = r.body[:0]
	if !f.chunked {
		err := r.more(f.length)
		return r.body, err
	}
	for {
		line, err := r.in.ReadSlice('\n')
		if err != nil {
			return nil, unexpected(err)
		}
		n, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return nil, fmt.Errorf("%w: chunk size %q", ErrMalformed, line)
		}
		if n == 0 {
			return r.body, r.trailers()
		}
		if err := r.more(int(n)); err != nil {
			return nil, err
		}
		if _, err := r.in.Discard(len("\r\n")); err != nil {
			return nil, unexpected(err)
		}
	}
}

// more appends n bytes to the body.
func (r *Reader) more(n int) error {
	start := len(r.body)
	if need := start + n; need > cap(r.body) {
		r.body = append(make([]byte, 0, 2*need), r.body...)
	}
	r.body = r.body[:start+n]
	_, err := io.ReadFull(r.in, r.body[start:])
	return unexpected(err)
}

func (r *Reader) trailers() error {
	for {
		if name, _, err := r.header(); err != nil || name == nil {
			return err
		}
	}
}

// isHeader compares a header's name with one in lower case.
func isHeader(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// unexpected says that a request broke off, which its first byte did not.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
