package console

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// archivedData describes an event that failed and is not in the table, for its page.
type archivedData struct {
	failure.Failure                   // the latest
	Messages        []failure.Failure // of the event, the latest first
	Group           string            // URL of the latest one's group
	Trace           string
	Command         string
}

// archived shows the archived messages of the first event that has any. ids begins with what
// was searched for.
func (s *Server) archived(ctx context.Context, ids []string) (view, error) {
	searched := ids[0]
	if query.Unprefixed(searched) == "" {
		ids = ids[:1]
	}
	for _, id := range ids {
		if query.Unprefixed(id) != "" {
			continue // the archive's keys begin with a provider
		}
		found, err := s.Archive.Find(ctx, id)
		if err != nil {
			return view{}, err
		}
		if len(found) > 0 {
			return view{page: "archived", title: id, data: newArchived(id, found)}, nil
		}
	}
	return view{}, fmt.Errorf("%w: neither an event nor a payment has the id %s, and the archive has no event with it. "+
		"An event that failed is found by its own id, not by its payment's. The provider's dashboard shows both", query.ErrNotFound, searched)
}

func newArchived(id string, found []failure.Failure) archivedData {
	slices.SortStableFunc(found, func(x, y failure.Failure) int { return cmp.Compare(y.ArchivedAt, x.ArchivedAt) })
	last := found[0]
	return archivedData{
		Failure: last, Messages: found, Trace: traceURL(id),
		Group:   "/failures?" + url.Values{"provider": {last.Provider}, "reason": {last.Reason}, "days": {"30"}}.Encode(),
		Command: strings.Join([]string{"paysluice failures show " + quote(id), "paysluice replay " + quote(last.Key), "paysluice trace " + quote(id)}, "\n"),
	}
}
