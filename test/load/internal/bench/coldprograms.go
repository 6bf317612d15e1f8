package bench

import (
	"context"
	"time"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
)

// coldPrograms are all of them, with what they are called with.
func (b *Bench) coldPrograms(ctx context.Context) ([]coldProgram, error) {
	messages, err := b.messages(ctx, 1+warmCalls)
	b.killAll()
	if err != nil {
		return nil, err
	}
	var batches [][]byte
	for i := range messages {
		batches = append(batches, batchEvent(messages[i:i+1], time.Now()))
	}
	requests, err := b.requestPrograms()
	if err != nil {
		return nil, err
	}
	var all []coldProgram
	var authorizations [][]byte
	for _, p := range requests {
		webhooks, err := b.source.Make(ctx, 1+warmCalls, traffic.BodySize, p.provider)
		if err != nil {
			return nil, err
		}
		c := coldProgram{program: p, built: b.binaryOf(p), answer: status}
		authorizations = nil
		for _, w := range webhooks {
			c.payloads = append(c.payloads, w.Processor)
			authorizations = append(authorizations, w.Authorizer)
		}
		all = append(all, c)
	}
	for _, other := range []struct {
		name, binary, answer string
		payloads             [][]byte
	}{
		{contract.AuthorizerName, contract.AuthorizerBinary, allowed, authorizations},
		{contract.ConsumerName, contract.ConsumerBinary, allTaken, batches},
		{contract.ArchiverName, contract.ArchiverBinary, allTaken, batches},
		{contract.EmptierName, contract.EmptierBinary, "", nil}, // called once in a stack's life
	} {
		p, err := b.function(other.name, other.binary, -1)
		if err != nil {
			return nil, err
		}
		all = append(all, coldProgram{program: p, built: b.binaryOf(p), answer: other.answer, payloads: other.payloads})
	}
	return all, nil
}

func (b *Bench) binaryOf(p program) functions.Binary {
	for _, binary := range b.Binaries {
		if binary.Path == p.binary {
			return binary
		}
	}
	return functions.Binary{}
}
