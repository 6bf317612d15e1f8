package failure

import (
	"cmp"
	"iter"
	"slices"
)

// Stat counts the failures of one provider and reason, and of one day if they are
// counted by day.
type Stat struct {
	Provider string `json:"provider"`
	Reason   string `json:"failureReason"`
	Day      string `json:"day,omitempty"` // of receipt
	Count    int    `json:"count"`
	Glacier  int    `json:"glacier"` // part of Count that cannot be read
	// First and Last are when the first and the last failure were archived, in epoch
	// milliseconds.
	First int64 `json:"firstSeen"`
	Last  int64 `json:"lastSeen"`
}

// Stats counts failures, the most frequent ones first within a provider and day.
func Stats(all iter.Seq2[Failure, error], byDay bool) ([]Stat, error) {
	type kind struct{ provider, reason, day string }
	counts := map[kind]*Stat{}
	for f, err := range all {
		if err != nil {
			return nil, err
		}
		k := kind{provider: f.Provider, reason: f.Reason}
		if byDay {
			k.day = f.Day()
		}
		s, known := counts[k]
		if !known {
			s = &Stat{Provider: k.provider, Reason: k.reason, Day: k.day, First: f.ArchivedAt}
			counts[k] = s
		}
		s.Count++
		if f.Storage != Readable {
			s.Glacier++
		}
		s.First, s.Last = min(s.First, f.ArchivedAt), max(s.Last, f.ArchivedAt)
	}
	var stats []Stat
	for _, s := range counts {
		stats = append(stats, *s)
	}
	slices.SortFunc(stats, func(x, y Stat) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Day, y.Day),
			cmp.Compare(y.Count, x.Count), cmp.Compare(x.Reason, y.Reason))
	})
	return stats, nil
}
