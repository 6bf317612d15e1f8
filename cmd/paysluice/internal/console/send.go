package console

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/fixture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

var errNoSend = errors.New("the console sends nothing to a stack on AWS: for a test stack, end it and start it with --allow-send")

// maxForms bounds the forms and sent webhooks that a console remembers.
const maxForms = 100

// outbox has the forms that pages have shown, by their tokens. Each sends one webhook.
type outbox struct {
	mu    sync.Mutex
	forms map[string]*submission
	order []string // tokens, oldest first
}

// submission is a form, and the webhook that it has sent.
type submission struct {
	mu   sync.Mutex
	seed uint64 // of the body's ids
	// body was made of content. tried says that it was sent and no answer arrived: then it
	// is sent again, because another body with its id would be a conflict.
	content  webhook.Body
	body     []byte
	tried    bool
	form     url.Values
	plan     webhook.Plan
	expected webhook.Answer
	what     string
	command  string
	at       time.Time // of the answer, zero before
	delivery webhook.Delivery
}

// renew gives the form's event another id.
func (l *submission) renew() {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (package rand)
	l.seed, l.tried = binary.LittleEndian.Uint64(random[:]), false
}

// compose makes the body of some content.
func (l *submission) compose(content webhook.Body, live bool, now time.Time) (err error) {
	content.Seed = l.seed
	if l.tried && reflect.DeepEqual(content, l.content) {
		return nil
	}
	if l.tried {
		l.renew()
		content.Seed = l.seed
	}
	l.content = content
	l.body, err = content.Make(live, now)
	return err
}

// add remembers a new form and returns it with its token.
func (o *outbox) add() (l *submission, token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.order) == maxForms {
		delete(o.forms, o.order[0])
		o.order = o.order[1:]
	}
	l, token = &submission{}, rand.Text()
	l.renew()
	o.forms[token] = l
	o.order = append(o.order, token)
	return l, token
}

// find returns the form with a token, an unused one if no page has shown it.
func (o *outbox) find(token string) (l *submission, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l, known = o.forms[token]; !known {
		l = &submission{}
	}
	return l, known
}

// sendData is the data of the page for sending.
type sendData struct {
	Form      url.Values
	Providers []contract.Provider
	Provider  contract.Provider
	Types     []string
	Tampers   []webhook.Tamper
	Token     string
	// What and Expected describe the request, Body is its text.
	What     string
	Expected webhook.Answer
	Body     string
	Shown    bool // whether the body is asked for
	Refused  *problem
	Problem  *problem // of the form
	Command  string
}

// send shows the form for a webhook, a new one unless the token is of one that was not
// answered.
func (s *Server) send(r *http.Request) (view, error) {
	data, err := s.newForm(r.URL.Query())
	if err != nil {
		return view{}, err
	}
	data.Token = data.Form.Get("form")
	l, known := s.outbox.find(data.Token)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !known || !l.at.IsZero() {
		l, data.Token = s.outbox.add()
	}
	_, _, problem := s.compose(r.Context(), data, l)
	data.Problem = problem
	return view{page: "send", title: "Send", data: data}, nil
}

// newForm reads a form. Without a type it has one of a payment.
func (s *Server) newForm(form url.Values) (*sendData, error) {
	form.Set("set", strings.ReplaceAll(form.Get("set"), "\r\n", "\n")) // browsers end a textarea's lines with both
	data := &sendData{Form: form, Providers: providers(), Provider: providers()[0], Tampers: webhook.Tampers(), Shown: form.Has("show")}
	if name := form.Get("provider"); name != "" {
		at := slices.IndexFunc(data.Providers, func(p contract.Provider) bool { return p.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("%w: no provider is called %s", errRequest, name)
		}
		data.Provider = data.Providers[at]
	}
	catalog, err := fixture.Load(data.Provider.Name)
	var tamper webhook.Tamper
	if name := form.Get("tamper"); name != "" && tamper.Set(name) != nil {
		err = fmt.Errorf("%w: tamper %w", errRequest, webhook.ErrTamper)
	}
	if err != nil {
		return nil, err
	}
	data.Types = catalog.List()
	if form.Get("type") == "" {
		at := slices.IndexFunc(data.Types, func(typ string) bool { return s.category(catalog, data.Provider, typ) == event.PaymentSucceeded })
		form.Set("type", data.Types[max(at, 0)])
	}
	return data, nil
}

// category returns the category that the functions give the events of a type.
func (s *Server) category(catalog *fixture.Catalog, p contract.Provider, typ string) (found event.Category) {
	body, err := catalog.Body(typ, 0, s.Now())
	if reader, unknown := all.All(all.Settings{}).ByName(p.Name); err == nil && unknown == nil {
		e, _ := reader.Event(body, provider.Origin{}) // of no category if it cannot be read
		found = e.Category
	}
	return found
}

// changes returns the path=value lines of a form.
func changes(form url.Values) ([]string, error) {
	var sets []string
	for line := range strings.Lines(form.Get("set")) {
		line = strings.TrimSpace(line)
		path, _, ok := strings.Cut(line, "=")
		if line != "" && (!ok || path == "") {
			return nil, fmt.Errorf("%w: %q is not path=value, such as data.object.amount=1200", errForm, line)
		}
		if line != "" {
			sets = append(sets, line)
		}
	}
	return sets, nil
}

// compose makes the request of a form and describes it on the page. Where nothing can
// be sent, the page shows the body all the same.
func (s *Server) compose(ctx context.Context, data *sendData, l *submission) (webhook.Plan, webhook.Request, *problem) {
	fail := func(err error) (webhook.Plan, webhook.Request, *problem) {
		return webhook.Plan{}, webhook.Request{}, newProblem(err)
	}
	data.Command = "paysluice send " + data.Provider.Name + " " + quote(data.Form.Get("type"))
	sets, err := changes(data.Form)
	if err != nil {
		return fail(err)
	}
	for _, change := range sets {
		data.Command += " --set " + quote(change)
	}
	tamper := webhook.Tamper(data.Form.Get("tamper"))
	if tamper != webhook.Genuine {
		data.Command += " --tamper " + string(tamper)
	}
	data.Command += " --wait"
	var request webhook.Request
	plan, refused := s.target(ctx, data.Provider)
	live := refused == nil && plan.Sender.Live
	err = l.compose(webhook.Body{Provider: data.Provider, Type: data.Form.Get("type"), Set: sets}, live, s.Now())
	body := l.body
	if err == nil && refused == nil {
		request, err = plan.Sender.Request(ctx, body, tamper, s.Now())
		body = request.Body
		data.What, data.Expected = plan.Sender.Describe(tamper), request.Expected
	}
	if err != nil {
		return fail(fmt.Errorf("%w: %w", errForm, err))
	}
	data.Body = string(visible(body))
	if refused != nil {
		data.Refused = newProblem(refused)
	}
	return plan, request, nil
}

// target returns the plan that sends to the stack, or the reason against it.
func (s *Server) target(ctx context.Context, p contract.Provider) (webhook.Plan, error) {
	if s.Stack.AWS.Endpoint == "" && !s.AllowSend {
		return webhook.Plan{}, errNoSend
	}
	return s.Target(ctx, p)
}

// sendForm sends the webhook of a form, once. After an error it can be sent again.
func (s *Server) sendForm(r *http.Request) (view, error) {
	_ = r.ParseForm() // what cannot be read is missing
	token := r.PostForm.Get("form")
	l, known := s.outbox.find(token)
	if !known {
		return view{}, fmt.Errorf("%w: this form is not known; begin with a new one", errRequest)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.at.IsZero() {
		return view{to: sentURL(token)}, nil
	}
	data, err := s.newForm(r.PostForm)
	if err != nil {
		return view{}, err
	}
	data.Token = token
	plan, request, problem := s.compose(r.Context(), data, l)
	switch {
	case problem != nil:
		data.Problem = problem
		return view{page: "send", title: "Send", data: data, status: http.StatusBadRequest}, nil
	case data.Refused != nil:
		return view{}, data.Refused.err
	}
	if !s.runner.begin() {
		return view{}, errEnding
	}
	defer s.runner.all.Done()
	l.tried = true
	d, err := plan.Deliver(r.Context(), request)
	if err != nil {
		failed := "not sent"
		if errors.Is(err, webhook.ErrNoAnswer) {
			failed = "not answered"
		}
		s.log("a webhook was %s: %s %s %s, %s", failed, data.Provider.Name, data.Form.Get("type"), request.Event.ID, data.What)
		data.Problem = newProblem(err)
		return view{page: "send", title: "Send", data: data, status: data.Problem.status()}, nil
	}
	s.log("a webhook was sent: %s %s %s, %s: %d, request %s", data.Provider.Name, data.Form.Get("type"), d.EventID, data.What, d.Status, d.RequestID)
	l.form, l.plan, l.expected, l.what, l.command, l.at, l.delivery = data.Form, plan, request.Expected, data.What, data.Command, s.Now(), d
	return view{to: sentURL(token)}, nil
}
