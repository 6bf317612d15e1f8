package console

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
)

const (
	// countedFailures bounds how many archived messages of a provider a page reads, whatever their
	// reason: the first of its days (UTC) in the order of their keys. Each costs one request to S3.
	countedFailures = 1000
	// shownFailures is the number of messages of a group on its page.
	shownFailures = 50
)

// failuresData has the fields of the archive's page.
type failuresData struct {
	Days     int
	Choices  []int
	Provider string // of the chosen group, "" for all
	Reason   string
	Groups   []failureGroup
	Messages []failure.Failure        // of the chosen group, those of one page
	Stored   section[map[string]bool] // by the key of each of Messages that the table has by now
	From, To int                      // positions of the page's first and last message, from 1 on
	Selected bool                     // whether all messages of the page are selected
	Select   string                   // URL of the page with all messages selected, or with none
	Form     string                   // URL that plans a replay of the selected messages
	Next     string                   // URL of the next page, "" on the last
	Total    int                      // of the messages in Groups
	Limit    int                      // of the messages of a provider that are read
	Cut      string                   // providers with more messages, perhaps
	Problem  *problem
	Runs     section[[]runRow]
	Replay   bool // whether the console may replay
	Command  string
}

// meaning explains why a message is archived, and says what to do, for a reason of
// docs/reasons.md.
type meaning struct {
	What, Do string
	Kept     bool // whether a replay of the console never sends it
}

// explain returns the meaning of a reason, empty for an unknown one.
func explain(reason string) meaning {
	const read = "Read the body: paysluice failures show KEY, with the message’s key of the list."
	return map[string]meaning{
		contract.ReasonReceivesExhausted:    {"The consumer failed to store it as often as MaxReceiveCount allows.", "Find the cause in the ERROR lines of event-consumer and correct it. Then plan a replay.", false},
		contract.ReasonConflict:             {"The table has an event with the same id and time, but other content.", "Compare both: the event’s page has the stored one, and paysluice failures show KEY the archived one. If the row was removed on purpose, paysluice replay --conflicts KEY sends it.", true},
		contract.ReasonExpired:              {"It is so old that the table may have stored it before and deleted it since.", "Look it up at the provider.", true},
		contract.ReasonSender:               {"The processor of another provider sent it.", "Find out who uses the role of that processor. A replay never sends it.", true},
		contract.ReasonSignatureReused:      {"Another event of PayPal has the same signature, so one of the two is forged.", "Compare both with PayPal. If this one is genuine, paysluice replay --conflicts KEY sends it.", true},
		contract.ReasonOtherMode:            {"Its mode, live or test, is not the environment of the secret’s entry.", "If the entry is wrong, correct it. Then paysluice replay --other-mode KEY sends it.", true},
		string(provider.EnvelopeUnreadable): {"It is signed, but it is no event of the provider.", read, true},
		string(provider.EventIDInvalid):     {"It is signed, but its id cannot be part of a key.", read, true},
	}[reason]
}

// failureGroup counts the messages of one provider and reason.
type failureGroup struct {
	failure.Stat
	Days []dayCount
	Most int
	URL  string
	Plan string // URL of the plan of a replay
}

// dayCount is the number of failures that were received on a UTC day.
type dayCount struct {
	Day   string
	Count int
	bar
}

// failures shows what the archive has, by provider and reason, or the messages of one
// group.
func (s *Server) failures(r *http.Request) (view, error) {
	form := r.URL.Query()
	data := failuresData{Days: 7, Choices: []int{1, 7, 30}, Provider: form.Get("provider"), Reason: form.Get("reason"), Limit: countedFailures, Replay: s.AllowReplay}
	if text := form.Get("days"); text != "" {
		at := slices.IndexFunc(data.Choices, func(n int) bool { return fmt.Sprint(n) == text })
		if at < 0 {
			return view{}, fmt.Errorf("%w: days is 1, 7 or 30", errRequest)
		}
		data.Days = data.Choices[at]
	}
	if data.Provider != "" && !slices.Contains(failure.Providers(), data.Provider) {
		return view{}, fmt.Errorf("%w: no provider is called %s", errRequest, data.Provider)
	}
	after, err := parseMessagePlace(form.Get("after"))
	if err != nil {
		return view{}, err
	}
	since := s.since(data.Days)
	all, cut, err := s.messages(r.Context(), data.Provider, since)
	if err != nil {
		data.Problem = newProblem(err)
	}
	rest := ""
	if data.Cut = cut; cut != "" {
		rest = " --limit 0 --after " + quote(all[len(all)-1].Key)
	}
	shown := failure.Filter{Reason: data.Reason, Since: since}
	all = slices.DeleteFunc(all, func(f failure.Failure) bool { return !shown.Matches(f) })
	data.Total = len(all)
	data.Groups = s.groups(all, data.Days)
	if data.Provider != "" && data.Reason != "" {
		data.turn(all, after, form)
		data.Stored = read(s.Replays.Stored(r.Context(), data.Messages))
	}
	data.Runs = s.runs(r.Context())
	data.Command = "paysluice failures stats --since " + fmt.Sprint(data.Days) + "d"
	if data.Provider != "" && data.Reason != "" {
		data.Command = fmt.Sprintf("paysluice failures list --provider %s --reason %s --since %dd%s", data.Provider, quote(data.Reason), data.Days, rest)
		if explain(data.Reason).Kept && len(data.Messages) > 0 {
			data.Command += "\npaysluice failures show " + quote(data.Messages[0].Key)
		}
	}
	return view{page: "failures", title: "Failures", data: data}, nil
}

// Recovered reports whether the table has all messages of the page by now.
func (d failuresData) Recovered() bool {
	return len(d.Messages) > 0 && len(d.Stored.Value) == len(d.Messages)
}

// Whole reports whether the page has all messages of its group.
func (d failuresData) Whole() bool {
	return len(d.Messages) == d.Total && d.Cut == "" && d.Problem == nil
}

// planShown plans a replay of messages that a page shows. A problem leads back to that page.
func (s *Server) planShown(r *http.Request) (view, error) {
	v, err := s.planSelected(r)
	if shown := r.URL.Query(); err != nil && len(shown) > 0 {
		back := "/failures?"
		if shown.Has("q") {
			back = "/search?"
		}
		p := newProblem(err)
		p.Back = back + shown.Encode() + "#messages"
		return view{page: "problem", title: p.Title, data: p, status: p.status()}, nil
	}
	return v, err
}

// messages returns the first messages of the days since a time, at most countedFailures of each
// provider or of only one, and the titles of the providers that may have more. They have no bodies.
// With an error it returns some messages.
func (s *Server) messages(ctx context.Context, only string, since time.Time) (all []failure.Failure, cut string, err error) {
	names := failure.Providers()
	if only != "" {
		names = []string{only}
	}
	found, errs := make([][]failure.Failure, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			// All messages of the first day match, so that the limit bounds also the reads.
			f := failure.Filter{Provider: name, Since: since.Truncate(day), Limit: countedFailures}
			for m, err := range s.Archive.List(ctx, f) {
				if err != nil {
					errs[i] = err
					return
				}
				m.Message, m.Payload = nil, nil // 1,000 of them can have some hundred MB
				found[i] = append(found[i], m)
			}
		})
	}
	group.Wait()
	var titles []string
	for i, name := range names {
		if len(found[i]) == countedFailures {
			titles = append(titles, title(name))
		}
	}
	return slices.Concat(found...), strings.Join(titles, ", "), cmp.Or(errs...)
}

// messagePlace is a place in a group's messages: the time and the key of the message before.
type messagePlace struct {
	at  int64
	key string
}

func messagePlaceOf(f failure.Failure) messagePlace { return messagePlace{f.ArchivedAt, f.Key} }

// compare orders places, the newest first.
func (p messagePlace) compare(other messagePlace) int {
	return cmp.Or(cmp.Compare(other.at, p.at), cmp.Compare(p.key, other.key))
}

// String returns the place as a parameter of a URL.
func (p messagePlace) String() string { return fmt.Sprintf("%d.%s", p.at, p.key) }

// parseMessagePlace reads a place. It returns the one before all messages for "".
func parseMessagePlace(text string) (messagePlace, error) {
	if text == "" {
		return messagePlace{at: math.MaxInt64}, nil
	}
	millis, key, _ := strings.Cut(text, ".")
	at, err := strconv.ParseInt(millis, 10, 64)
	if err != nil {
		return messagePlace{}, fmt.Errorf("%w: after is not a place in the list; begin at the first page", errRequest)
	}
	return messagePlace{at, key}, nil
}

// turn shows the page of a group's messages after a place, the newest first, and the last
// page if the messages after the place are gone. A page keeps its place when messages arrive
// or are erased.
func (d *failuresData) turn(all []failure.Failure, after messagePlace, form url.Values) {
	slices.SortFunc(all, func(a, b failure.Failure) int { return messagePlaceOf(a).compare(messagePlaceOf(b)) })
	begin := slices.IndexFunc(all, func(f failure.Failure) bool { return after.compare(messagePlaceOf(f)) < 0 })
	if begin < 0 {
		begin = max(0, len(all)-shownFailures)
	}
	end := min(len(all), begin+shownFailures)
	d.Messages, d.From, d.To, d.Selected = all[begin:end], begin+1, end, form.Has("selected")
	kept := url.Values{"provider": {d.Provider}, "reason": {d.Reason}, "days": {fmt.Sprint(d.Days)}}
	if end < len(all) {
		kept.Set("after", messagePlaceOf(all[end-1]).String())
		d.Next = "/failures?" + kept.Encode() + "#messages"
	}
	kept.Set("after", form.Get("after"))
	d.Form = "/replay/plan?" + kept.Encode()
	if !d.Selected {
		kept.Set("selected", "all")
	}
	d.Select = "/failures?" + kept.Encode() + "#messages"
}

// since returns the begin of a number of days that end now, to the hour: a plan that is made
// soon after a page has the same begin.
func (s *Server) since(days int) time.Time {
	return s.Now().UTC().AddDate(0, 0, -days).Truncate(time.Hour)
}

// groups counts failures by provider and reason, the largest group first.
func (s *Server) groups(all []failure.Failure, days int) []failureGroup {
	var groups []failureGroup
	for _, f := range all {
		at := slices.IndexFunc(groups, func(g failureGroup) bool { return g.Provider == f.Provider && g.Reason == f.Reason })
		if at < 0 {
			at = len(groups)
			values := url.Values{"provider": {f.Provider}, "reason": {f.Reason}, "days": {fmt.Sprint(days)}}.Encode()
			g := failureGroup{Stat: failure.Stat{Provider: f.Provider, Reason: f.Reason, First: f.ArchivedAt}, URL: "/failures?" + values, Plan: "/replay?" + values}
			for at := s.since(days).Truncate(day); at.Before(s.Now()); at = at.AddDate(0, 0, 1) {
				g.Days = append(g.Days, dayCount{Day: at.Format(time.DateOnly)})
			}
			groups = append(groups, g)
		}
		groups[at].add(f)
	}
	slices.SortStableFunc(groups, func(a, b failureGroup) int { return cmp.Compare(b.Count, a.Count) })
	for i := range groups {
		groups[i].draw()
	}
	return groups
}

func (g *failureGroup) add(f failure.Failure) {
	g.Count++
	if f.Storage != failure.Readable {
		g.Glacier++
	}
	g.First, g.Last = min(g.First, f.ArchivedAt), max(g.Last, f.ArchivedAt)
	for i := range g.Days {
		if g.Days[i].Day == f.Day() {
			g.Days[i].Count++
			g.Most = max(g.Most, g.Days[i].Count)
		}
	}
}

// draw gives the days the bars of a chart.
func (g *failureGroup) draw() {
	width := float64(chartWidth) / float64(len(g.Days))
	for i := range g.Days {
		d := &g.Days[i]
		if d.Count == 0 {
			continue
		}
		height := max(2, float64(chartHeight)*float64(d.Count)/float64(g.Most))
		d.bar = bar{
			X: fmt.Sprintf("%.2f", float64(i)*width), Y: fmt.Sprintf("%.2f", chartHeight-height),
			Width: fmt.Sprintf("%.2f", max(width-1, 1)), Height: fmt.Sprintf("%.2f", height),
			Title: fmt.Sprintf("%s on %s", formatNumber(d.Count), d.Day),
		}
	}
}
