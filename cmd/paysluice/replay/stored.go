package replay

import (
	"context"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
)

// Stored returns the keys of those archived messages that the table has stored since, by a replay or
// after the provider repeated them. Each message with an event costs one read of the table. A message
// in Glacier has none, and an event that cannot be stored has no id.
func (e *Engine) Stored(ctx context.Context, messages []failure.Failure) (map[string]bool, error) {
	found := make([]presence, len(messages))
	err := e.each(ctx, len(messages), func(ctx context.Context, i int) (err error) {
		if m := messages[i].Event; m != nil && m.ID != "" {
			found[i], err = e.look(ctx, newEntry(messages[i]))
		}
		return err
	})
	keys := map[string]bool{}
	for i, m := range messages {
		if found[i] == present {
			keys[m.Key] = true
		}
	}
	return keys, err
}
