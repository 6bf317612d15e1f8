package query

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Hint is a probable cause of rejected signatures.
type Hint struct {
	Text  string    `json:"text"` // docs/reasons.md has the causes
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

// Hints returns what a provider's processor has logged about signatures that do not
// match since a time, the most frequent first. A processor explains at most one
// rejection a second for each instance.
func (m *Monitor) Hints(ctx context.Context, p contract.Provider, since time.Time) ([]Hint, error) {
	counts := map[string]*Hint{}
	var hints []Hint
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: new(m.Stack.LogGroup(contract.ProcessorName(p))), StartTime: new(since.UnixMilli()), FilterPattern: new(`"` + contract.HintProperty + `"`),
	}
	for pages := cloudwatchlogs.NewFilterLogEventsPaginator(m.Logs, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, line := range page.Events {
			var members map[string]any
			_ = json.Unmarshal([]byte(aws.ToString(line.Message)), &members) // lines of Lambda are no JSON
			text, _ := members[contract.HintProperty].(string)
			if text == "" {
				continue
			}
			if counts[text] == nil {
				counts[text] = &Hint{Text: text}
			}
			counts[text].Count++
			if at := time.UnixMilli(aws.ToInt64(line.Timestamp)).UTC(); at.After(counts[text].Last) {
				counts[text].Last = at
			}
		}
	}
	for _, h := range counts {
		hints = append(hints, *h)
	}
	slices.SortFunc(hints, func(a, b Hint) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	return hints, nil
}
