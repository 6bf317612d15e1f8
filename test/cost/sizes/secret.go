package sizes

import (
	"context"
	"time"

	"github.com/paysluice/paysluice/handlers/aws/secret"
)

// secretCalls counts how often one environment reads its secret in an hour of
// requests, one each second. With forgeries it looks for a newer secret each
// time.
func secretCalls(forgeries bool) (perSecond float64) {
	const hour = 3600
	calls, at := 0, now()
	read := func(context.Context) ([]byte, error) {
		calls++
		return []byte("secret"), nil
	}
	parse := func(document []byte) (string, error) { return string(document), nil }
	cache := secret.New(read, parse, func() time.Time { return at }, func(context.Context, error) {})
	for range hour {
		_, err := cache.Get(context.Background())
		if forgeries && err == nil {
			cache.Refresh(context.Background())
		}
		at = at.Add(time.Second)
	}
	return float64(calls) / hour
}
