package console

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
)

// archivedData describes an event that failed and is not in the table, for its page.
type archivedData struct {
	failure.Failure                   // the latest, or only the event's id without one
	Messages        []failure.Failure // of the event, the latest first
	// From and To say which part of the archive was searched: days, "" for its ends.
	From, To string
	Rest     string // URL of the search after To
	Group    string // URL of the latest one's group
	Plans    bool   // whether a replay can send any
	Form     string // URL that plans one of the selected
	Trace    string
	Command  string
}

// archived shows the archived messages of the first event that has any, and returns no page without one.
// ids begins with what was searched for. The search goes on after a key of the archive, if that is
// not "", and stops when goOn returns false.
func (s *Server) archived(ctx context.Context, ids []string, after string, goOn func() bool) (view, error) {
	searched := ids[0]
	if query.Unprefixed(searched) == "" {
		ids = ids[:1]
	}
	of, _, _ := strings.Cut(after, "/")
	for _, id := range ids {
		if query.Unprefixed(id) != "" || of != "" && !strings.HasPrefix(id, of+":") {
			continue // the archive's keys begin with a provider; those before after were searched
		}
		found, rest, err := s.Archive.Search(ctx, id, after, goOn)
		if err != nil {
			return view{}, err
		}
		if len(found) > 0 || rest != "" {
			data := newArchived(id, found)
			if data.From = dayOf(after); rest != "" {
				data.To, data.Rest = dayOf(rest), "/search?"+url.Values{"q": {searched}, "after": {rest}}.Encode()
			}
			return view{page: "archived", title: id, data: data}, nil
		}
		of, after = "", ""
	}
	return view{}, nil
}

// dayOf returns the day in a key of the archive, or a key without one.
func dayOf(key string) string { return cmp.Or(failure.Failure{Key: key}.Day(), key) }

func newArchived(id string, found []failure.Failure) archivedData {
	provider, _, _ := strings.Cut(id, ":")
	data := archivedData{Failure: failure.Failure{Provider: provider, EventID: id}, Messages: found, Trace: traceURL(id)}
	data.Form = "/replay/plan?" + url.Values{"q": {id}}.Encode()
	data.Plans = slices.ContainsFunc(found, func(f failure.Failure) bool { return !explain(f.Reason).Kept })
	commands := []string{"paysluice failures show " + quote(id), "paysluice trace " + quote(id)}
	if len(found) > 0 {
		slices.SortStableFunc(found, func(x, y failure.Failure) int { return cmp.Compare(y.ArchivedAt, x.ArchivedAt) })
		last := found[0]
		data.Failure = last
		data.Group = "/failures?" + url.Values{"provider": {last.Provider}, "reason": {last.Reason}, "days": {"30"}}.Encode()
		if !explain(last.Reason).Kept {
			commands = slices.Insert(commands, 1, "paysluice replay "+quote(last.Key))
		}
	}
	data.Command = strings.Join(commands, "\n")
	return data
}
