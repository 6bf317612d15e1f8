package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// api answers webhooks, and knows what became of them.
type api struct {
	*world
	status   int
	fail     error
	posts    []*http.Request
	sending  func() // runs while a webhook waits for its answer
	archived bool
}

func (a *api) Do(r *http.Request) (*http.Response, error) {
	if a.fail != nil {
		return nil, a.fail
	}
	a.posts = append(a.posts, r)
	if a.sending != nil {
		a.sending()
	}
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{"X-Amzn-Requestid": {"r1"}}}, nil
}

func (a *api) Archived(context.Context, event.Event) (event.Archived, error) {
	if !a.archived {
		return event.Archived{}, query.ErrNotFound
	}
	return event.Archived{FailureReason: "conflict"}, nil
}

// sends returns a console that sends to an api of an emulator.
func sends(t *testing.T, a *api) *Server {
	t.Helper()
	a.world = &world{}
	s := listen(t, a.world)
	s.Stack.AWS.Endpoint = "https://127.0.0.1:1"
	s.Target = func(_ context.Context, p contract.Provider) (webhook.Plan, error) {
		sender, err := webhook.New(webhook.Options{Provider: p, Secret: []byte("whsec_1"), URL: "https://api/"})
		return webhook.Plan{URL: "https://api/", Client: a, Sender: sender, Reader: a}, err
	}
	return s
}

// formOf returns the fields that a page of the form sends.
func formOf(t *testing.T, text string) url.Values {
	t.Helper()
	form := url.Values{}
	for _, name := range []string{"provider", "form"} {
		found := regexp.MustCompile(`name="` + name + `" value="(\w+)"`).FindStringSubmatch(text)
		require.NotNil(t, found, "%s: %s", name, text)
		form.Set(name, found[1])
	}
	return form
}

// A console that ends waits for the answer to a webhook, and notes it.
func TestServeEndsAfterAnAnswer(t *testing.T) {
	a := &api{status: 200}
	s := sends(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	a.sending = func() {
		cancel()
		select {
		case <-ended:
			assert.Fail(t, "it did not wait")
			ended <- nil
		case <-time.After(100 * time.Millisecond):
		}
	}
	form, late := formOf(t, page(t, s, "/send")), formOf(t, page(t, s, "/send"))
	form.Set("type", "charge.refunded")
	assert.Equal(t, http.StatusSeeOther, post(t, s, "/send", form).Code)
	require.NoError(t, <-ended)
	assert.Equal(t, http.StatusConflict, post(t, s, "/send", late).Code)
	assert.Len(t, a.posts, 1)
}

func TestSendsAForm(t *testing.T) {
	a := &api{status: 200}
	s := sends(t, a)
	text := page(t, s, "/send")
	assert.Contains(t, text, "<option selected>charge.captured</option>", "a payment")
	assert.Contains(t, text, "The request is signed with the entry given. Expected: 200, and the event is stored once.")
	form := formOf(t, text)
	form.Set("type", "charge.refunded")
	form.Set("set", " data.object.amount=77\r\n\r\ndata.object.x=\u202e")
	shown := page(t, s, "/send?show=body&"+form.Encode())
	assert.Contains(t, shown, "&#34;amount&#34;: 77,")
	assert.Contains(t, shown, "> data.object.amount=77\n\ndata.object.x=", "the lines that were entered")
	assert.NotContains(t, shown, "\u202e")
	assert.Contains(t, shown, "paysluice send stripe charge.refunded --set data.object.amount=77 --set &#39;data.object.x=")

	to := post(t, s, "/send", form)
	require.Equal(t, http.StatusSeeOther, to.Code, to.Body)
	again := post(t, s, "/send", form)
	assert.Equal(t, to.Header().Get("Location"), again.Header().Get("Location"))
	require.Len(t, a.posts, 1, "a form sends once, however often it is sent")
	body, err := io.ReadAll(a.posts[0].Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), `"amount": 77`)
	sent, known := s.outbox.find(form.Get("form"))
	require.True(t, known)
	e := sent.delivery.Event
	assert.Equal(t, "13:00:00 a webhook was sent: stripe charge.refunded "+e.ID+", signed with the entry given: 200, request r1\n", a.log.String())

	target := to.Header().Get("Location")
	text = page(t, s, target)
	for _, want := range []string{"data-active", "The event is on its way", "200 OK after", "not yet", "/send?provider=stripe&amp;set=", "Look again", "paysluice trace -- " + e.ID, traceURL(e.ID)} {
		assert.Contains(t, text, want)
	}
	a.world.fail = map[string]error{"Event": denied()}
	assert.Contains(t, page(t, s, target), "Access denied.")
	a.world.fail = nil
	s.Now = func() time.Time { return now.Add(time.Hour) }
	assert.Contains(t, page(t, s, target), "neither in the table nor in the archive yet")
	other := e
	other.Timestamp--
	e.PaymentID = "pi_1"
	a.events = []event.Event{other, e}
	text = page(t, s, target)
	assert.Contains(t, text, "The event is stored")
	assert.Contains(t, text, strings.ReplaceAll(eventURL(e), "&", "&amp;"))
	assert.Contains(t, text, "/payment?id=pi_1")
	assert.NotContains(t, text, "data-active")
	a.world.fail = map[string]error{"Event": errors.New("down")}
	a.events = nil
	assert.Contains(t, page(t, s, target), "This could not be read.")
}

// What the page says about the request is about the form that was sent to it.
func TestSendDescribesTheForm(t *testing.T) {
	s := sends(t, &api{status: 200})
	form := formOf(t, page(t, s, "/send"))
	form.Set("type", "charge.refunded")
	form.Set("tamper", "timestamp")
	text := page(t, s, "/send?show=body&"+form.Encode())
	assert.Regexp(t, `The request is signed .+ ago. Expected: 401 from the`, text)
	assert.Contains(t, text, "paysluice send stripe charge.refunded --tamper timestamp --wait<")
}

func TestWhatBecomesOfASentWebhook(t *testing.T) {
	for _, row := range []struct {
		why    string
		api    *api
		tamper string
		set    string
		stored bool
		want   []string
	}{
		{"archived", &api{status: 200, archived: true}, "", "", false, []string{"The event is in the archive", "/failures?days=1&amp;provider=stripe&amp;reason=conflict", "stripe/"}},
		{"rejected", &api{status: 401}, "signature", "", false, []string{"The request was rejected", "401 Unauthorized", "paysluice send stripe charge.refunded --tamper signature --wait</pre>", "signed with another secret", "expected: 401 from the processor"}},
		{"an answer that was not expected", &api{status: 503}, "", "", false, []string{"Another answer than expected", "503 Service Unavailable", `<span class="word bad">expected: 200`}},
		{"no event", &api{status: 200}, "", "type=1", false, []string{"The body is no event", "reason=envelope_unreadable"}},
		{"stored before", &api{status: 200}, "", "", true, []string{"The event was stored before", "nothing was stored twice"}},
	} {
		s := sends(t, row.api)
		form := formOf(t, page(t, s, "/send?tamper="+row.tamper))
		form.Set("type", "charge.refunded")
		form.Set("tamper", row.tamper)
		form.Set("set", row.set)
		if row.stored {
			l, _ := s.outbox.find(form.Get("form"))
			_, request, problem := s.compose(t.Context(), must(s.newForm(form)), l)
			require.Nil(t, problem)
			row.api.events = []event.Event{request.Event}
		}
		target := post(t, s, "/send", form).Header().Get("Location")
		text := page(t, s, target)
		for _, want := range row.want {
			assert.Contains(t, text, want, row.why)
		}
		s.Stack.AWS.Endpoint = ""
		assert.Contains(t, page(t, s, target), "/trace?id=", row.why)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestFormsWithMistakes(t *testing.T) {
	a := &api{status: 200}
	s := sends(t, a)
	for target, want := range map[string]string{
		"/send?provider=adyen": "No provider is called adyen.", "/send?tamper=all": "Tamper must be signature",
	} {
		w := get(t, s, target)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), want)
	}
	for _, row := range []struct{ why, name, value, want string }{
		{"no path", "set", "x", "&#34;x&#34; is not path=value"},
		{"a path that does not fit", "set", "id.x=1", "x is a member of a text"},
		{"no such type", "type", "charge.refund", "the nearest are charge.refunded"},
	} {
		form := formOf(t, page(t, s, "/send"))
		form.Set(row.name, row.value)
		w := post(t, s, "/send", form)
		assert.Equal(t, http.StatusBadRequest, w.Code, row.why)
		assert.Contains(t, w.Body.String(), row.want, row.why)
		text := page(t, s, "/send?"+form.Encode())
		assert.Contains(t, text, row.want, row.why)
	}
	form := formOf(t, page(t, s, "/send"))
	form.Set("provider", "adyen")
	assert.Equal(t, http.StatusBadRequest, post(t, s, "/send", form).Code)
	assert.Equal(t, http.StatusNotFound, get(t, s, "/sent?id=none").Code)
}

// A form that got no answer sends the same bytes again. With other content it sends
// an event of another id.
func TestRepeatsAWebhookWithoutAnAnswer(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	sent := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(bodies)
	}
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		mu.Lock()
		bodies = append(bodies, string(body))
		n := len(bodies)
		mu.Unlock()
		if n != 2 && n != 4 {
			panic(http.ErrAbortHandler) // closes the connection
		}
	}))
	defer target.Close()
	a := &api{}
	s := sends(t, a)
	planned := s.Target
	s.Target = func(ctx context.Context, p contract.Provider) (webhook.Plan, error) {
		plan, err := planned(ctx, p)
		plan.URL, plan.Client = target.URL, target.Client()
		return plan, err
	}
	id := regexp.MustCompile(`evt_\w+`).FindString
	s.Now = func() time.Time { return now.Add(time.Duration(len(sent())) * time.Minute) }
	form := formOf(t, page(t, s, "/send"))
	w := post(t, s, "/send", form)
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "No answer arrived")
	assert.Contains(t, w.Body.String(), form.Get("form"), "the form is shown again")
	assert.Contains(t, a.log.String(), "a webhook was not answered: stripe charge.captured stripe:"+id(sent()[0]))
	shown := page(t, s, "/send?show=body&"+form.Encode())
	assert.Contains(t, shown, id(sent()[0]))
	assert.Equal(t, form, formOf(t, shown))
	require.Equal(t, http.StatusSeeOther, post(t, s, "/send", form).Code)
	require.Equal(t, http.StatusSeeOther, post(t, s, "/send", form).Code)
	require.Len(t, sent(), 2, "nothing is sent after an answer")
	assert.Equal(t, sent()[0], sent()[1])
	assert.NotEqual(t, form, formOf(t, page(t, s, "/send?"+form.Encode())), "a form that was sent is not shown again")

	form = formOf(t, page(t, s, "/send"))
	require.Equal(t, http.StatusBadGateway, post(t, s, "/send", form).Code)
	form.Set("set", "data.object.amount=77")
	require.Equal(t, http.StatusSeeOther, post(t, s, "/send", form).Code)
	assert.NotEqual(t, id(sent()[2]), id(sent()[3]))
}

// A webhook is not sent if the table cannot be read before.
func TestNotesAWebhookThatWasNotSent(t *testing.T) {
	a := &api{status: 200}
	s := sends(t, a)
	form := formOf(t, page(t, s, "/send"))
	a.world.fail = map[string]error{"Event": denied()}
	assert.Equal(t, http.StatusForbidden, post(t, s, "/send", form).Code)
	assert.Contains(t, a.log.String(), "a webhook was not sent: stripe charge.captured stripe:evt_")
	assert.Empty(t, a.posts)
}

// Where nothing can be sent the page says why, and a form that is sent all the same
// sends nothing.
func TestSendIsRefused(t *testing.T) {
	for _, row := range []struct {
		why      string
		endpoint string
		allowed  bool
		err      error
		want     string
	}{
		{"on AWS, without the flag", "", false, nil, "start it with --allow-send"},
		{"a stack for live events", "", true, webhook.ErrNoTestStack, "This stack is not for tests."},
		{"PayPal", "https://127.0.0.1:1", false, webhook.ErrPayPal, "Only PayPal can sign"},
		{"a denied secret", "", true, stack.ErrDenied, "This could not be read"},
	} {
		a := &api{status: 200}
		s := sends(t, a)
		text := page(t, s, "/send")
		form := formOf(t, text)
		s.Stack.AWS.Endpoint, s.AllowSend = row.endpoint, row.allowed
		s.Target = func(context.Context, contract.Provider) (webhook.Plan, error) { return webhook.Plan{}, row.err }
		text = page(t, s, "/send?show=body")
		assert.Contains(t, text, row.want, row.why)
		assert.NotContains(t, text, `formmethod="post"`, row.why)
		assert.Contains(t, text, "&#34;data&#34;: {", "the body is shown all the same")
		assert.Equal(t, http.StatusForbidden, post(t, s, "/send", form).Code, row.why)
		assert.Empty(t, a.posts, row.why)
	}
}

// Nobody but the console's own pages, with a form that they showed, can send.
func TestSendIsAttacked(t *testing.T) {
	a := &api{status: 200}
	s := sends(t, a)
	form := formOf(t, page(t, s, "/send"))
	for why, change := range map[string]func(*http.Request){
		"another site": func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://attacker.example")
		},
		"another port":          func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"without a session":     func(r *http.Request) { r.Header.Del("Cookie") },
		"another name of ours":  func(r *http.Request) { r.Host = "attacker.example" },
		"with a form in a link": func(r *http.Request) { r.URL.RawQuery, r.Body = form.Encode(), http.NoBody },
	} {
		assert.GreaterOrEqual(t, post(t, s, "/send", form, change).Code, 400, why)
	}
	guessed := url.Values{"provider": {"stripe"}, "form": {"AAAA"}}
	assert.Equal(t, http.StatusBadRequest, post(t, s, "/send", guessed).Code)
	for range maxForms {
		s.outbox.add()
	}
	assert.Equal(t, http.StatusBadRequest, post(t, s, "/send", form).Code, "old forms are forgotten")
	assert.Empty(t, a.posts)
}
