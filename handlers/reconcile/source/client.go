package source

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Errors of a provider's API.
var (
	// ErrKey reports a key that the provider does not accept, or that lacks a
	// permission.
	ErrKey = errors.New("the provider refuses the key")
	// ErrNotFound reports an object that the provider does not have.
	ErrNotFound = errors.New("the provider does not have it")
	// ErrRequest reports a request that the provider rejects.
	ErrRequest = errors.New("the provider rejects the request")
	// ErrUnavailable reports an API that failed until the last attempt.
	ErrUnavailable = errors.New("the provider's API is unavailable")
	// ErrAnswer reports a response that is too large, or is not what the provider
	// documents.
	ErrAnswer = errors.New("the provider's response is not readable")
	// ErrURL reports the URL of an API that may not be called.
	ErrURL = errors.New("not the URL of an API")
)

const (
	// maxPage bounds a page of events: 100 of at most 256 KB, the size that Stripe
	// documents for a body.
	maxPage = 32 << 20
	// maxAnswer bounds all other responses. An endpoint with all event types has 10 KB.
	maxAnswer = 2 << 20
	// attempts is the number of attempts of one call.
	attempts = 8
	// attemptTimeout bounds one attempt, including reading the response.
	attemptTimeout = time.Minute
	// pace is the least time between two calls: 10 a second, well below Stripe's 25 for
	// one endpoint (docs.stripe.com/rate-limits). PayPal and Square publish no number.
	pace = 100 * time.Millisecond
	// firstPause and longestPause are the pauses before further attempts, if the
	// response has no Retry-After. Each pause is twice the one before.
	firstPause   = 500 * time.Millisecond
	longestPause = time.Minute
)

// client calls the API of one provider at one host.
type client struct {
	base *url.URL
	http *http.Client
	// authorize adds the credentials to a request. With an error it returns the header of
	// the response that refuses them, if there is one.
	authorize func(*http.Request) (refused http.Header, err error)
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
	notify    func(text string)
	last      time.Time // start of the last attempt
}

// newClient returns a client for the API at base.
func newClient(base string, o Options) (*client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("%w: it must begin with https://, or with http:// and a loopback address", ErrURL)
	}
	return &client{
		base: u,
		http: &http.Client{
			Transport: o.Transport,
			Timeout:   attemptTimeout,
			// A redirect could lead the key to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now: o.Now, sleep: o.Sleep, notify: o.Notify,
	}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// call is one call of an API.
type call struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         any // encoded as JSON, nil for none
	most         int // bytes of the response; 0 is maxAnswer
}

// get sends a call and decodes the response into into, unless it is nil. It repeats
// what the provider or the network did not answer.
func (c *client) get(ctx context.Context, what call, into any) error {
	for attempt := 1; ; attempt++ {
		body, pause, err := c.try(ctx, what)
		switch {
		case err == nil && into == nil:
			return nil
		case err == nil:
			err := json.Unmarshal(body, into)
			if errors.Is(err, errMany) {
				return fmt.Errorf("%w: %s %s: %w", ErrAnswer, what.method, what.path, errMany)
			}
			if err != nil {
				return fmt.Errorf("%w: %s %s: %T", ErrAnswer, what.method, what.path, err)
			}
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, ErrUnavailable) || attempt == attempts:
			return err
		}
		if pause < 0 {
			pause = min(firstPause<<(attempt-1), longestPause)
		}
		c.notify(fmt.Sprintf("%v; next attempt in %s", err, pause))
		if err := c.sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// try makes one attempt. pause is the time that the provider asks to wait, negative if it
// asks for none.
func (c *client) try(ctx context.Context, what call) (body []byte, pause time.Duration, err error) {
	if rest := c.last.Add(pace).Sub(c.now()); rest > 0 {
		if err := c.sleep(ctx, rest); err != nil {
			return nil, 0, err
		}
	}
	c.last = c.now()
	request := c.request(ctx, what)
	if refused, err := c.authorize(request); err != nil {
		return nil, retryAfter(refused, c.now()), err
	}
	response, err := c.http.Do(request)
	if err != nil {
		// The error quotes the URL, which has no key.
		return nil, -1, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer response.Body.Close()
	most := cmp.Or(what.most, maxAnswer)
	body, err = io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	switch {
	case err != nil:
		return nil, -1, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case len(body) > most:
		return nil, 0, fmt.Errorf("%w: %s %s has more than %d MB", ErrAnswer, what.method, what.path, most>>20)
	}
	return body, retryAfter(response.Header, c.now()), failure(what, response.StatusCode, body)
}

func (c *client) request(ctx context.Context, what call) *http.Request {
	var body io.Reader
	if what.body != nil {
		text, _ := json.Marshal(what.body) // texts and numbers cannot fail
		body = bytes.NewReader(text)
	}
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + what.path
	u.RawQuery = what.query.Encode()
	// The error would be that of an invalid method or URL.
	request, _ := http.NewRequestWithContext(ctx, what.method, u.String(), body)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range what.header {
		request.Header.Set(name, value)
	}
	return request
}

// retryAfter reads the header Retry-After (RFC 9110, 10.2.3). It returns a negative
// duration without a readable one.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return -1
}

// passes reports whether a status is one of a failure that can pass.
func passes(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// StatusError is a response of an API that is no success.
type StatusError struct {
	// Class is one of the errors above.
	Class        error
	Method, Path string
	Status       int
	// Codes are the provider's error codes, and the permission that the key lacks.
	Codes string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%v: %s %s: status %d%s", e.Class, e.Method, e.Path, e.Status, e.Codes)
}

// Unwrap returns the class.
func (e *StatusError) Unwrap() error { return e.Class }

// failure returns the error of a status. It quotes no message of the provider, because
// Stripe's messages contain part of the key.
func failure(what call, status int, body []byte) error {
	if status/100 == 2 {
		return nil
	}
	class := ErrRequest
	switch {
	case passes(status):
		class = ErrUnavailable
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		class = ErrKey
	case status == http.StatusNotFound:
		class = ErrNotFound
	}
	return &StatusError{Class: class, Method: what.method, Path: what.path, Status: status, Codes: reason(body)}
}

// reason returns the error codes in a response, and the permission that the key lacks.
func reason(body []byte) string {
	var document struct {
		Name  string // PayPal
		Error struct{ Type, Code, Message string }
		// Errors is Square's list.
		Errors few[struct{ Code string }]
	}
	_ = json.Unmarshal(body, &document) // a body that is no JSON has no code
	permission := regexp.MustCompile(`\brak_[a-z_]{1,60}`).FindString(document.Error.Message)
	codes := []string{document.Name, document.Error.Type, document.Error.Code, permission}
	for _, e := range document.Errors {
		codes = append(codes, e.Code)
	}
	isCode := regexp.MustCompile(`^[A-Za-z0-9_]{1,80}$`)
	var text strings.Builder
	for _, code := range codes {
		if isCode.MatchString(code) {
			text.WriteString(" " + code)
		}
	}
	return text.String()
}

// nextQuery returns the query of a link to the next page, nil for "". Scheme, host and
// path of the link are ignored: PayPal's have led to other hosts, and following one
// could carry the key elsewhere. PayPal escapes the link for HTML twice.
func nextQuery(link string) (url.Values, error) {
	if link == "" {
		return nil, nil
	}
	u, err := url.Parse(html.UnescapeString(html.UnescapeString(link)))
	if err != nil {
		return nil, fmt.Errorf("%w: the link to the next page", ErrAnswer)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(query) == 0 {
		return nil, fmt.Errorf("%w: the link to the next page has no query", ErrAnswer)
	}
	return query, nil
}
