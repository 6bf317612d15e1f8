package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/handlers/contract"
)

func (a *app) failures() *cobra.Command {
	c := &cobra.Command{
		Use:   "failures",
		Short: "Read archived webhooks and what was not published",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usagef("failures needs a command: list, show, stats, restore or unpublished")
		},
	}
	c.AddCommand(a.failuresList(), a.failuresShow(), a.failuresStats(), a.failuresRestore(), a.failuresUnpublished())
	return c
}

// failureFlags are the flags that select failures.
type failureFlags struct {
	filterFlags
	reason, prefix, after string
}

func (f *failureFlags) add(c *cobra.Command, limit int) {
	f.filterFlags.add(c, limit, "failures", failure.Providers())
	flags := c.Flags()
	flags.Lookup("since").Usage = "webhooks received from this `time` on: 2h, 2026-11-01 or RFC 3339"
	flags.Lookup("until").Usage = "webhooks received before this `time`"
	flags.StringVar(&f.reason, "reason", "", "failures with this `reason`, such as receives-exhausted (docs/reasons.md)")
	flags.StringVar(&f.prefix, "prefix", "", "failures with a key that begins with this `prefix`, such as stripe/2026/03/01/")
	complete(c, "reason", failure.Reasons())
}

// addAfter adds a flag for commands that list failures in the order of their keys.
func (f *failureFlags) addAfter(c *cobra.Command) {
	c.Flags().StringVar(&f.after, "after", "", "only keys after this `key`")
}

// filter checks the flags. The error names every invalid one.
func (f *failureFlags) filter(now time.Time) (failure.Filter, error) {
	var problems []error
	if f.provider != "" && !slices.Contains(failure.Providers(), f.provider) {
		problems = append(problems, usagef("--provider must be one of %s", strings.Join(failure.Providers(), ", ")))
	}
	events := f.filterFlags
	events.provider = "" // failures can be of unknown, too
	q, err := events.filter(now)
	if err != nil {
		problems = append(problems, err)
	}
	if f.reason != "" && !slices.Contains(failure.Reasons(), f.reason) {
		problems = append(problems, usagef("--reason must be one of %s", strings.Join(failure.Reasons(), ", ")))
	}
	for _, other := range []string{contract.OversizePrefix, contract.ReplaysPrefix, contract.ReconciliationsPrefix} {
		if strings.HasPrefix(f.prefix, other) {
			problems = append(problems, usagef("--prefix selects %s, which holds no archived messages", other))
		}
	}
	if f.prefix != "" && f.provider != "" && !strings.HasPrefix(f.prefix, f.provider+"/") {
		problems = append(problems, usagef("--prefix %s is not of the provider %s", f.prefix, f.provider))
	}
	if len(problems) > 0 {
		return failure.Filter{}, usagef("%s", strings.ReplaceAll(joined(problems), ": "+errUsage.Error(), ""))
	}
	return failure.Filter{
		Provider: f.provider, Reason: f.reason, Prefix: f.prefix, After: f.after, Since: q.Since, Until: q.Until,
		Type: q.Type, Category: q.Category, Payment: q.Payment, Account: q.Account, Endpoint: q.Endpoint,
		Livemode: q.Livemode, Limit: q.Limit,
	}, nil
}

// archive returns the archive of the stack and the filter of the flags.
func (a *app) archive(ctx context.Context, flags *failureFlags) (*failure.Archive, failure.Filter, error) {
	filter, err := flags.filter(a.now())
	if err != nil {
		return nil, filter, err
	}
	s, err := a.find(ctx)
	if err != nil {
		return nil, filter, err
	}
	return query.Failures(s), filter, nil
}

func (a *app) failuresList() *cobra.Command {
	var flags failureFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List archived messages by provider and day, oldest first",
		Long: `List archived messages by provider and day, oldest first. With --since it lists
only the days from then on. Of an object in Glacier it lists only what the key
and the metadata say. After Ctrl-C it says on stderr how to continue.`,
		Example: `  paysluice failures list --since 3h --reason receives-exhausted
  paysluice failures list --provider stripe --since 2026-11-01 -o csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			archive, filter, err := a.archive(c.Context(), &flags)
			if err != nil {
				return err
			}
			changes := ""
			n, err := output.Write(a.out, a.format, failureColumns(), noting(archive.List(c.Context(), filter), func(f failure.Failure) {
				changes = restOfFailures(filter, f)
			}))
			switch {
			case err != nil:
				a.sayRest(c.Context(), changes)
				return err
			case n == 0:
				fmt.Fprintln(a.err, "no archived message matches")
			case n == filter.Limit:
				fmt.Fprintf(a.err, "the list ends after %s; --limit shows more\n", counted(n, "failure"))
			}
			return nil
		},
	}
	flags.add(c, defaultLimit)
	flags.addAfter(c)
	return c
}

func failureColumns() []output.Column[failure.Failure] {
	type f = failure.Failure
	return []output.Column[failure.Failure]{
		{Name: "archivedAt", Text: func(f f) string { return formatTime(f.ArchivedAt, time.RFC3339Nano) },
			Short: func(f f) string { return formatTime(f.ArchivedAt, time.DateTime) }},
		{Name: "failureReason", Text: func(f f) string { return f.Reason }},
		{Name: "type", Text: func(f f) string { return f.Type }},
		{Name: "storage", Text: func(f f) string { return string(f.Storage) }},
		{Name: "key", Text: func(f f) string { return f.Key }},
	}
}

func (a *app) failuresShow() *cobra.Command {
	var payload bool
	c := &cobra.Command{
		Use:   "show KEY|EVENTID",
		Short: "Print an archived message, or all archived messages of an event",
		Long: `Print an archived message, or all archived messages of an event. -o json prints
an array if there are several.`,
		Example: `  paysluice failures show stripe:evt_1PgcT2
  paysluice failures show stripe/2026/11/01/stripe:evt_1PgcT2-e3b0c44298fc1c14.json --payload > body.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			found, err := findFailures(c.Context(), query.Failures(s), args[0])
			if err != nil {
				return err
			}
			if payload {
				return a.writePayload(c.Context(), query.New(s, a.now), found)
			}
			return a.showFailures(found)
		},
	}
	c.Flags().BoolVar(&payload, "payload", false, "write the webhook's body to stdout, or the message if it cannot be decoded")
	return c
}

func (a *app) showFailures(found []failure.Failure) error {
	var texts [][][2]string
	for _, f := range found {
		texts = append(texts, failureFields(f))
	}
	return output.Objects(a.out, a.format, found, texts)
}

// namesObject reports whether an argument names an object below a provider's prefix instead
// of an event, which has a colon after the provider. The object may be one that somebody
// put there: its key need not have the form that failure.IsKey checks.
func namesObject(id string) bool {
	first, _, found := strings.Cut(id, "/")
	return found && slices.Contains(failure.Providers(), first)
}

// findFailures returns the failure under a key, or those of an event.
func findFailures(ctx context.Context, archive *failure.Archive, id string) ([]failure.Failure, error) {
	if namesObject(id) {
		f, err := archive.Get(ctx, id)
		if errors.Is(err, failure.ErrMissing) {
			return nil, fmt.Errorf("%w: the archive has no %s", query.ErrNotFound, id)
		}
		return []failure.Failure{f}, err
	}
	if of, _, ok := strings.Cut(id, ":"); !ok || !slices.Contains(providerNames(), of) {
		return nil, usagef("%s is neither a key such as stripe/2026/11/01/….json nor an event id such as stripe:evt_1", id)
	}
	found, err := archive.Find(ctx, id)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%w: the archive has no message of event %s: paysluice trace %[2]s says what became of it", query.ErrNotFound, id)
	}
	return found, err
}

// writePayload writes the body of the only failure.
func (a *app) writePayload(ctx context.Context, store *query.Store, found []failure.Failure) error {
	f := found[0]
	switch {
	case len(found) > 1:
		return errors.New("the archive has several messages of this event: choose one by its key")
	case f.Storage != failure.Readable:
		return fmt.Errorf("%s is in Glacier: restore it with paysluice failures restore --prefix %[1]s", f.Key)
	case f.Event == nil:
		_, err := a.out.Write(f.Message)
		return err
	}
	e := *f.Event
	e.Payload = f.Payload
	body, err := store.Payload(ctx, e)
	if err != nil {
		return err
	}
	_, err = a.out.Write(body)
	return err
}

// failureFields returns the names and texts of a failure, then those of its event.
func failureFields(f failure.Failure) [][2]string {
	all := [][2]string{
		{"key", f.Key},
		{"failureReason", f.Reason},
		{"storage", string(f.Storage)},
		{"archivedAt", formatTime(f.ArchivedAt, time.RFC3339Nano)},
		{"sentAt", formatTime(f.SentAt, time.RFC3339Nano)},
		{"receiveCount", fmt.Sprint(f.ReceiveCount)},
		{"messageId", f.MessageID},
	}
	all = slices.DeleteFunc(all, func(field [2]string) bool { return field[1] == "" || field[1] == "0" })
	if f.Event != nil {
		return append(all, fields(*f.Event, len(f.Payload))...)
	}
	if f.EventID != "" {
		all = append(all, [2]string{"eventId", f.EventID}, [2]string{"type", f.Type})
	}
	return all
}
