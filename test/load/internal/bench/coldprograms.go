package bench

import (
	"context"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/traffic"
)

// coldPrograms are all of them, with what they are called with.
func (b *Bench) coldPrograms(ctx context.Context) ([]coldProgram, error) {
	messages, err := b.messages(ctx, 1+warmCalls)
	b.killAll()
	if err != nil {
		return nil, err
	}
	requests, err := b.requestPrograms()
	if err != nil {
		return nil, err
	}
	var all []coldProgram
	var webhooks []traffic.Webhook
	for _, p := range requests {
		if webhooks, err = b.webhooks(ctx, p, 1+warmCalls, traffic.BodySize); err != nil {
			return nil, err
		}
		all = append(all, coldProgram{program: p, calls: processed(webhooks)})
	}
	for _, other := range []struct {
		name, binary string
		calls        calls
	}{
		{contract.AuthorizerName, contract.AuthorizerBinary, authorized(webhooks)},
		{contract.ConsumerName, contract.ConsumerBinary, batched(messages, 1)},
		{contract.ArchiverName, contract.ArchiverBinary, batched(messages, 1)},
		{contract.EmptierName, contract.EmptierBinary, calls{}}, // called once in a stack's life
	} {
		p, err := b.function(other.name, other.binary, -1)
		if err != nil {
			return nil, err
		}
		all = append(all, coldProgram{program: p, calls: other.calls})
	}
	return all, nil
}
