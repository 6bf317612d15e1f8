package mutation_test

// mutation is a mistake of one line in the shipped source. The file is below
// the module's root; from stands in it once.
type mutation struct {
	file, from, to string
	why            string
}

// mutations are mistakes that somebody could make, each of which breaks a
// promise that the simulation holds.
func mutations() []mutation {
	const (
		processor = "handlers/processor/processor.go"
		answer    = "handlers/processor/response.go"
		consumer  = "handlers/consumer/consumer.go"
		replay    = "cmd/paysluice/replay/replay.go"
		batch     = "handlers/function/batch.go"
		deadline  = "handlers/function/deadline.go"
		archiver  = "handlers/archiver/archiver.go"
		message   = "handlers/event/message.go"
		archive   = "handlers/event/archive.go"
		table     = "handlers/aws/table/table.go"
		payload   = "handlers/aws/bucket/bucket.go"
		retry     = "handlers/aws/client/config.go"
		queue     = "handlers/aws/queue/queue.go"
		cache     = "handlers/aws/secret/secret.go"
		header    = "handlers/provider/stripe/header.go"
		verify    = "handlers/provider/stripe/verify.go"
		same      = "handlers/provider/stripe/same.go"
		normalise = "handlers/provider/stripe/event.go"
	)
	return []mutation{
		{
			processor, `return e, h.send(ctx, h.Events, e, "")`,
			`go func() { _ = h.send(ctx, h.Events, e, "") }(); return e, nil`,
			"200 before the queue has the event",
		},
		{
			processor, `return e, h.send(ctx, h.Events, e, "")`,
			`_ = h.send(ctx, h.Events, e, ""); return e, nil`,
			"200 whether or not the queue has the event",
		},
		{
			processor, `return receipt, h.quarantine(ctx, receipt, err)`,
			`return receipt, err`,
			"what is no event is dropped",
		},
		{
			processor, `if err := h.send(ctx, h.DeadLetters, e, string(provider.ReasonOf(cause))); err != nil {`,
			`if err := h.send(ctx, h.DeadLetters, e, string(provider.ReasonOf(cause))); err != nil && ctx.Err() != nil {`,
			"200 whether or not the quarantine has it",
		},
		{
			processor, `if len(e.Payload) > MaxInline {`,
			`if len(e.Payload) > 4*MaxInline {`,
			"a body that no item has room for",
		},
		{
			processor, `ref, err := h.Payloads.Put(ctx, e.Provider, e.Payload)`,
			`ref, err := h.Payloads.Put(ctx, e.Provider, e.Payload[:MaxInline])`,
			"a large body is cut short",
		},
		{
			processor, `if provider.ReasonOf(err) != provider.SignatureMismatch {`,
			`if err != nil {`,
			"a new secret is seen only when the old one has aged",
		},
		{
			processor, `e.ReceivedAt, e.RequestID = receipt.ReceivedAt, receipt.RequestID`,
			`e.ReceivedAt, e.RequestID, e.Timestamp = receipt.ReceivedAt, receipt.RequestID, receipt.ReceivedAt`,
			"the time of receipt as sort key",
		},
		{
			answer, `return outcome{status: http.StatusServiceUnavailable, failed: true}`,
			`return outcome{status: http.StatusOK, failed: true}`,
			"200 for a failure of our own",
		},
		{
			answer, `return outcome{status: http.StatusServiceUnavailable, metric: contract.MetricNotConfigured}`,
			`return outcome{status: http.StatusOK, metric: contract.MetricNotConfigured}`,
			"200 without a secret",
		},
		{
			answer, `return outcome{status: http.StatusUnauthorized, metric: contract.MetricRejected}`,
			`return outcome{status: http.StatusOK, metric: contract.MetricRejected}`,
			"200 for a forgery",
		},
		{
			answer, `slog.Int("status", out.status),`,
			`slog.Int("status", out.status), slog.Any("body", e.Payload),`,
			"a payload in the log, in base64",
		},
		{
			consumer, `"messageId", record.MessageId, "new"`,
			`"messageId", record.MessageId, "body", record.Body, "new"`,
			"a message in the log, its payload in base64",
		},
		{
			consumer, `e, err := event.Decode(record.Body)`,
			`e, err := event.Decode(record.Body); if err != nil { return outcome{}, nil }`,
			"what cannot be decoded is deleted",
		},
		{
			consumer, `return inline && p.SameEvent(a.Payload, b.Payload)`,
			`return inline || p.SameEvent(a.Payload, b.Payload)`,
			"other content under a taken key is dropped as a duplicate",
		},
		{
			consumer, `if err := h.DeadLetters.Send(ctx, record.Body, contract.ReasonConflict); err != nil {`,
			`if err := h.DeadLetters.Send(ctx, record.Body, contract.ReasonConflict); err != nil && ctx.Err() != nil {`,
			"a conflict is done with whether or not it was kept",
		},
		{
			consumer, `h.DeadLetters.Send(ctx, record.Body, contract.ReasonConflict)`,
			`h.DeadLetters.Send(ctx, record.Body, "")`,
			"a conflict without its reason",
		},
		{
			replay, `return outcome{err: r.Queue.Send(ctx, string(m.Message), "")}`,
			`return outcome{}`,
			"a replay that sends nothing",
		},
		{
			batch, `if r.Err != nil {`,
			`if r.Err != nil && len(failed) == 0 {`,
			"only the first failure of a batch is reported",
		},
		{
			batch, `r.Value, r.Err = handle(ctx, record)`,
			`r.Value, _ = handle(ctx, record)`,
			"a swallowed error: what was not kept is deleted",
		},
		{
			batch, `ItemIdentifier: r.Record.MessageId})`,
			`ItemIdentifier: results[0].Record.MessageId})`,
			"another record is reported as failed",
		},
		{
			batch, `ItemIdentifier: r.Record.MessageId})`,
			`ItemIdentifier: r.Record.ReceiptHandle})`,
			"an unknown item fails the whole batch",
		},
		{
			batch, `failed := []events.SQSBatchItemFailure{}`,
			`var failed []events.SQSBatchItemFailure`,
			"null instead of an empty list",
		},
		{
			batch, `slots := make(chan struct{}, concurrency)`,
			`slots := make(chan struct{}, 1)`,
			"one record that hangs holds up those behind it",
		},
		{
			deadline, `return context.WithDeadline(ctx, deadline.Add(-margin))`,
			`return context.WithDeadline(ctx, deadline)`,
			"no time is left to answer, and the batch fails as a whole",
		},
		{
			archiver, `return kind{}, err`,
			`return kind{}, nil`,
			"a dead letter is done with whether or not it was archived",
		},
		{
			archiver, `m.FailureReason = *given`,
			`_ = *given`,
			"an archived message without its reason",
		},
		{
			archive, `segment(name) + "-" + hash[:16] + ".json"`,
			`segment(name) + "-" + hash[:0] + ".json"`,
			"two contents of an event under one key of the archive",
		},
		{
			payload, `return "", fmt.Errorf("put s3://%s/%s: %w", p.bucket, ref, err)`,
			`return ref, nil`,
			"the message refers to a payload that is not there",
		},
		{
			message, `return escapeNonASCII(string(text))`,
			`return string(text)`,
			"SQS refuses the message for ever",
		},
		{
			table, `contract.EventIDAttribute: &e.ID,`,
			`contract.EventIDAttribute: &e.RequestID,`,
			"the key is the request's: every delivery is a row",
		},
		{
			table, `"attribute_not_exists(" + contract.EventIDAttribute + ")"`,
			`"attribute_not_exists(" + contract.ExpiresAtAttribute + ")"`,
			"the condition never fails, so the last content wins",
		},
		{
			table, `types.ReturnValuesOnConditionCheckFailureAllOld`,
			`types.ReturnValuesOnConditionCheckFailureNone`,
			"a duplicate cannot be told from a conflict",
		},
		{
			table, `if err == nil {`,
			`if err == nil || ctx.Err() != nil {`,
			"a request that timed out counts as stored",
		},
		{
			retry, `o.MaxAttempts = math.MaxInt`,
			`o.MaxAttempts = min(3, math.MaxInt)`,
			"throttling uses up receives",
		},
		{
			queue, `if _, err := s.client.SendMessage(ctx, in); err != nil {`,
			`if _, err := s.client.SendMessage(ctx, in); err != nil && ctx.Err() == nil {`,
			"a send that timed out counts as sent",
		},
		{
			queue, `if failureReason != "" {`,
			`if failureReason == "-" {`,
			"dead letters without their reason",
		},
		{
			cache, `return c.now().Sub(c.readAt)`,
			`return c.now().Sub(c.readAt) / 60`,
			"a removed secret is good for hours",
		},
		{
			header, `case age > tolerance:`,
			`case age > 60*tolerance:`,
			"an old webhook can be sent again",
		},
		{
			verify, `if hmac.Equal(expected, s.v1[i][:]) {`,
			`if len(expected) == len(s.v1[i]) {`,
			"any signature will do",
		},
		{
			same, `delete(y, "pending_webhooks")`,
			`delete(y, "pending")`,
			"a second delivery is a conflict",
		},
		{
			same, `if otherVersion(x["api_version"], y["api_version"]) {`,
			`if !otherVersion(x["api_version"], y["api_version"]) {`,
			"other content is a duplicate",
		},
		{
			normalise, `ID:         event.NewID(name, id),`,
			`ID:         id,`,
			"a key without its provider",
		},
	}
}
