package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
)

// filterFlags are the flags that select events.
type filterFlags struct {
	provider, kind, category, payment, account, endpoint, livemode string
	since, until                                                   string
	limit                                                          int
	continued                                                      bool
}

// add adds the flags to a command. limit is the default of --limit. things names
// what the flags select, for their help texts. providers are the values of --provider.
func (f *filterFlags) add(c *cobra.Command, limit int, things string, providers []string) {
	flags := c.Flags()
	flags.StringVar(&f.provider, "provider", "", things+" of a `provider`: "+strings.Join(providers, ", "))
	flags.StringVar(&f.kind, "type", "", things+" of a provider's `type`, such as charge.refunded")
	flags.StringVar(&f.category, "category", "", things+" of a `category`, such as payment.succeeded")
	flags.StringVar(&f.payment, "payment", "", things+" of the payment or object with this `id`")
	flags.StringVar(&f.account, "account", "", things+" of a connected `account` or merchant")
	flags.StringVar(&f.endpoint, "endpoint", "", things+" that the secret's entry with this `label` verified")
	flags.StringVar(&f.livemode, "livemode", "", "`true` for "+things+" in live mode, false for those in test mode")
	flags.StringVar(&f.since, "since", "", things+" from this `time` on: 2h, 2026-11-01 or RFC 3339")
	flags.StringVar(&f.until, "until", "", things+" before this `time`")
	flags.IntVar(&f.limit, "limit", limit, "at most this many "+things+", 0 for all")
	complete(c, "provider", providers)
	complete(c, "category", categoryNames())
	complete(c, "livemode", []string{"true", "false"})
}

// addContinued adds a flag for lists of events that say after an interrupt how to continue.
func (f *filterFlags) addContinued(c *cobra.Command) {
	c.Flags().BoolVar(&f.continued, "continued", false, "--until is where an interrupted list ended: events of that day that have no time follow")
}

// complete makes the shell complete a flag with fixed values.
func complete(c *cobra.Command, flag string, values []string) {
	// The only error is an unknown flag, which add has just defined.
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// filter checks the flags. The error names every invalid one.
func (f *filterFlags) filter(now time.Time) (query.Filter, error) {
	found := query.Filter{
		Provider: f.provider, Type: f.kind, Category: event.Category(f.category),
		Payment: f.payment, Account: f.account, Endpoint: f.endpoint, Limit: f.limit,
		Continued: f.continued,
	}
	var problems []error
	if f.provider != "" && !slices.Contains(providerNames(), f.provider) {
		problems = append(problems, fmt.Errorf("--provider must be one of %s", strings.Join(providerNames(), ", ")))
	}
	if f.category != "" && !slices.Contains(categoryNames(), f.category) {
		problems = append(problems, fmt.Errorf("--category %s does not exist: docs/events.md lists them", f.category))
	}
	switch f.livemode {
	case "":
	case "true", "false":
		found.Livemode = new(f.livemode == "true")
	default:
		problems = append(problems, errors.New("--livemode must be true or false"))
	}
	if f.limit < 0 {
		problems = append(problems, errors.New("--limit must be 0 or more"))
	}
	if f.continued && f.until == "" {
		problems = append(problems, errors.New("--continued needs --until"))
	}
	var err error
	if found.Since, err = parseSince(f.since, now); err != nil {
		problems = append(problems, fmt.Errorf("--since: %w", err))
	}
	if found.Until, err = parseTime(f.until, now); err != nil {
		problems = append(problems, fmt.Errorf("--until: %w", err))
	}
	if len(problems) == 0 && !found.Until.IsZero() && !found.Until.After(found.Since) {
		problems = append(problems, errors.New("--until must be after --since"))
	}
	if len(problems) > 0 {
		return query.Filter{}, usagef("%s", joined(problems))
	}
	return found, nil
}

func joined(problems []error) string {
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	return strings.Join(texts, "; ")
}

var errTime = errors.New("must be a time before now such as 90m, 2h or 3d, a day such as 2026-11-01 (UTC), or RFC 3339")

// parseTime reads a time before now, a day in UTC or a moment. It returns the zero
// time for "".
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if hours, err := time.ParseDuration(days + "h"); err == nil && hours >= 0 && hours <= math.MaxInt64/24 {
			return now.Add(-24 * hours), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q %w", text, errTime)
}

// parseSince is parseTime for the beginning of a range. No list begins later than it ends
// without --until.
func parseSince(text string, now time.Time) (time.Time, error) {
	at, err := parseTime(text, now)
	if err == nil && !at.Before(query.EndOfDay(now)) {
		err = fmt.Errorf("%q is in the future", text)
	}
	return at, err
}

func providerNames() []string {
	var names []string
	for _, p := range contract.Providers() {
		names = append(names, p.Name)
	}
	return names
}

func categoryNames() []string {
	var names []string
	for _, c := range event.Categories() {
		names = append(names, string(c))
	}
	return names
}
