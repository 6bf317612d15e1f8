package workload

import (
	"context"
	"io"
	"net/http"

	"github.com/paysluice/paysluice/handlers/authorizer"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/function"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

// verify is the signature check alone.
func verify(webhooks []webhook, _ []string) ([]Workload, error) {
	var all []Workload
	for _, w := range webhooks {
		verifier, err := w.provider.Verifier([]byte(w.secret))
		if err != nil {
			return nil, err
		}
		signed := providertest.Header(w.header)
		all = append(all, Workload{Name: "verify/" + w.name, Floor: w.floor, Work: func(ctx context.Context) error {
			_, err := verifier.Verify(ctx, signed, w.body, now())
			return unless(true, err)
		}})
	}
	return all, nil
}

// normalise is the way from a body to an event.
func normalise(webhooks []webhook, _ []string) ([]Workload, error) {
	var all []Workload
	for _, w := range webhooks {
		all = append(all, Workload{Name: "event/" + w.name, Floor: scans(w.body), Work: func(context.Context) error {
			e, err := w.provider.Event(w.body, provider.Origin{Endpoint: "main"})
			return unless(e.ID != "", err)
		}})
	}
	return all, nil
}

// processors are the handlers, and the functions around them, all with AWS in
// memory.
func processors(webhooks []webhook, _ []string) ([]Workload, error) {
	var handlers, functions []Workload
	for _, w := range webhooks {
		h := newProcessor(w, &services{secret: w.secret})
		event, request, err := read(w.request())
		if err != nil {
			return nil, err
		}
		floor := sum(w.floor, scans(w.body))
		handlers = append(handlers, Workload{Name: "processor/" + w.name, Floor: floor, Work: func(ctx context.Context) error {
			answer, err := h.Handle(ctx, request)
			return unless(answer.StatusCode == http.StatusOK, err)
		}})
		functions = append(functions, Workload{
			Name:  "function/processor/" + w.name,
			Work:  invoking(function.NewHandler(function.ReadRequest, h.Handle), event, `"statusCode":200`),
			Floor: sum(floor, scans(event)),
		})
	}
	return append(handlers, functions...), nil
}

// newProcessor is wired as in cmd/lambdas/processor.
func newProcessor(w webhook, aws *services) *processor.Handler {
	read := secret.Reader(aws, "arn:aws:secretsmanager:us-east-1:"+account+":secret:"+w.name)
	return &processor.Handler{
		Provider:    w.provider,
		Secrets:     secret.New(read, w.provider.Verifier, now, func(context.Context, error) {}),
		Events:      queue.NewSender(aws, queueURL, processor.SendTimeout),
		DeadLetters: queue.NewSender(aws, deadLetterQueueURL, processor.SendTimeout),
		Payloads:    bucket.NewPayloads(aws, bucketName, processor.PutTimeout),
		Log:         function.NewLogger(io.Discard, "INFO"),
		Metrics:     function.NewMetrics(io.Discard, environment, now),
		Now:         now,
	}
}

// authorizers are the handler and the function around it, asked about each
// provider's webhook. Allowing one takes no cryptography and, in the handler,
// no JSON.
func authorizers(webhooks []webhook, _ []string) ([]Workload, error) {
	h := &authorizer.Handler{
		Providers: all.All(all.Settings{}),
		Log:       function.NewLogger(io.Discard, "INFO"),
		Metrics:   function.NewMetrics(io.Discard, environment, now),
		Now:       now,
	}
	var handlers, functions []Workload
	for _, w := range webhooks {
		event, request, err := read(w.question())
		if err != nil {
			return nil, err
		}
		handlers = append(handlers, Workload{Name: "authorizer/" + w.name, Work: func(ctx context.Context) error {
			answer, err := h.Handle(ctx, request)
			return unless(answer.PolicyDocument.Statement[0].Effect == "Allow", err)
		}})
		functions = append(functions, Workload{
			Name:  "function/authorizer/" + w.name,
			Work:  invoking(function.NewHandler(function.ReadRequest, h.Handle), event, `"Effect":"Allow"`),
			Floor: scans(event),
		})
	}
	return append(handlers, functions...), nil
}
