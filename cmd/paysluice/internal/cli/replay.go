package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// replayFlags are the flags of paysluice replay.
type replayFlags struct {
	failureFlags
	resume               string
	bucket, queue        string // of older releases
	rate                 int
	wait                 time.Duration
	dryRun               bool
	otherMode, conflicts bool
}

func (a *app) replay() *cobra.Command {
	var flags replayFlags
	c := &cobra.Command{
		Use:   "replay [KEY…]",
		Short: "Send archived events again and prove that they are stored",
		Long: `Send archived events to the queue again and prove that they are stored.

Flags select the messages, or their keys do, which paysluice failures list
prints. It says first what it would send; --dry-run ends there. After a question
it sends the messages of events that the table lacks, looks for each event in
the table, and lists those that are not stored, with the reason of their second
failure.

Ctrl-C stops it. --resume continues a stopped or killed run. It sends none of
its messages twice, and leaves out events that the table has by then.
Exit code 3: some events are not stored.`,
		Example: `  paysluice replay --since 3h --reason receives-exhausted --dry-run
  paysluice replay --since 3h --reason receives-exhausted
  paysluice replay stripe/2026/11/01/stripe:evt_1PgcT2-e3b0c44298fc1c14.json
  paysluice replay --resume 20261101T093012Z-k3v7qa`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, keys []string) error {
			selection, err := flags.selection(c, keys, a.now())
			if err != nil {
				return err
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			if err := a.legacyTargets(s, flags); err != nil {
				return err
			}
			engine := query.Replays(s, flags.rate, flags.wait, a.now)
			if flags.resume != "" {
				return a.resumeReplay(c.Context(), engine, flags.resume)
			}
			return a.newReplay(c.Context(), s, engine, selection, flags.dryRun)
		},
	}
	flags.add(c, 0)
	f := c.Flags()
	flags.addAfter(c)
	f.StringVar(&flags.resume, "resume", "", "continue the run with this `id`")
	f.IntVar(&flags.rate, "rate", replay.DefaultRate, fmt.Sprintf("`messages` a second at most, 1 to %d", replay.MaxRate))
	f.DurationVar(&flags.wait, "wait", replay.DefaultPatience, "how long the proof waits for events to be stored")
	f.BoolVar(&flags.dryRun, "dry-run", false, "say what would be sent, and send nothing")
	f.BoolVar(&flags.otherMode, "other-mode", false, "also send events archived as other_mode, when the environment in the secret was wrong")
	f.BoolVar(&flags.conflicts, "conflicts", false, "also send conflicts, for rows that were removed from the table on purpose")
	f.StringVar(&flags.bucket, "bucket", "", "`name` of the bucket")
	f.StringVar(&flags.queue, "queue", "", "`URL` of the queue")
	for _, name := range []string{"bucket", "queue"} {
		_ = f.MarkHidden(name) // the only error is an unknown flag
	}
	c.AddCommand(a.replayList())
	return c
}

// selectors are the flags that select messages.
func selectors() []string {
	return []string{"provider", "type", "category", "payment", "account", "endpoint", "livemode", "since", "until", "limit", "reason", "prefix", "after"}
}

// changed returns the first flag of some that was given, "" without one.
func changed(c *cobra.Command, names ...string) string {
	for _, name := range names {
		if c.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// selection checks the keys and the flags. The error names every invalid filter.
func (f *replayFlags) selection(c *cobra.Command, keys []string, now time.Time) (replay.Selection, error) {
	filter, err := f.filter(now)
	if err != nil {
		return replay.Selection{}, err
	}
	switch {
	case f.rate < 1 || f.rate > replay.MaxRate:
		return replay.Selection{}, usagef("--rate must be 1 to %d", replay.MaxRate)
	case f.wait < 0:
		return replay.Selection{}, usagef("--wait must be 0 or more")
	case f.resume != "" && len(keys) > 0:
		return replay.Selection{}, usagef("--resume continues a run with its own messages: leave the keys out")
	case f.resume != "":
		if name := changed(c, append(selectors(), "dry-run", "other-mode", "conflicts")...); name != "" {
			return replay.Selection{}, usagef("--resume continues a run with its own filter: leave --%s out", name)
		}
	case len(keys) > 0:
		if name := changed(c, selectors()...); name != "" {
			return replay.Selection{}, usagef("the keys select the messages: leave --%s out", name)
		}
	}
	selection := replay.Selection{Filter: filter, Keys: keys, Conflicts: f.conflicts, OtherMode: f.otherMode}
	if err := selection.Check(); err != nil {
		return replay.Selection{}, usagef("%w", err)
	}
	return selection, nil
}

// legacyTargets checks the targets that older releases needed. A script that gives
// them is not asked: older releases did not.
func (a *app) legacyTargets(s *stack.Stack, flags replayFlags) error {
	for _, flag := range []struct{ name, value, output string }{{"bucket", flags.bucket, "BucketName"}, {"queue", flags.queue, "QueueUrl"}} {
		if flag.value == "" {
			continue
		}
		fmt.Fprintf(a.err, "paysluice: --%s is not needed: the stack is found by itself; the next release refuses it\n", flag.name)
		if flag.value != s.Outputs[flag.output] {
			return usagef("--%s is not that of the stack %s, which has %s: leave it out, or choose another --stack", flag.name, s.Name, s.Outputs[flag.output])
		}
		a.yes = true
	}
	return nil
}

// newReplay plans, asks, sends and proves.
func (a *app) newReplay(ctx context.Context, s *stack.Stack, engine *replay.Engine, selection replay.Selection, dryRun bool) error {
	m := a.newMeter()
	plan, err := engine.Plan(ctx, selection, m.show)
	m.end()
	if err != nil {
		return err
	}
	total, skipped := plan.Total()
	if err := a.showPlan(plan, groupColumns(), dryRun); err != nil {
		return err
	}
	switch {
	case total+skipped == 0:
		fmt.Fprintln(a.err, "no archived message matches")
		return nil
	case dryRun || total == 0:
		fmt.Fprintf(a.err, "%d would be sent, %d skipped\n", total, skipped)
		return nil
	}
	if err := a.nameUnfinished(ctx, engine); err != nil {
		return err
	}
	question := fmt.Sprintf("Send %s to %s, %d a second?", counted(total, "message"), engine.QueueURL, engine.Rate)
	run, err := a.startRun(ctx, s, &engine.Records, plan, question)
	if err != nil {
		return err
	}
	return a.finishReplay(ctx, engine, run)
}

// unfinishedFor is how long a run is worth resuming.
const unfinishedFor = query.LongestQueued

// nameUnfinished says which runs are not finished. Another one can have the same messages.
func (a *app) nameUnfinished(ctx context.Context, engine *replay.Engine) error {
	runs, err := engine.Runs(ctx, a.now().Add(-unfinishedFor))
	for _, r := range runs {
		if r.Proof == nil {
			fmt.Fprintf(a.err, "run %s is not finished, %s sent: paysluice replay --resume %[1]s continues it\n", output.Printable(r.ID), partOf(r.Sent(), r.Total, "message"))
		}
	}
	return err
}

func (a *app) resumeReplay(ctx context.Context, engine *replay.Engine, id string) error {
	run, err := engine.Load(ctx, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "run %s: %s sent\n", run.ID, partOf(run.Sent(), run.Total, "message"))
	return a.finishReplay(ctx, engine, run)
}

// finishReplay sends the rest of a run and proves it.
func (a *app) finishReplay(ctx context.Context, engine *replay.Engine, run *replay.Run) error {
	m := a.newMeter()
	err := engine.Run(ctx, run, m.show)
	var proof replay.Proof
	if err == nil {
		proof, err = engine.Prove(ctx, run, m.show)
	}
	m.end()
	if err != nil {
		fmt.Fprintf(a.err, "%s sent; to resume: paysluice replay --resume %s\n", partOf(run.Sent(), run.Total, "message"), run.ID)
		return err
	}
	switch {
	case len(proof.Missing) > 0:
	case proof.Stored == 1:
		fmt.Fprintln(a.err, "the event is stored")
	default:
		fmt.Fprintf(a.err, "all %d events are stored\n", proof.Stored)
	}
	if len(proof.Missing) > 0 || a.format != output.Table {
		if _, err := output.Write(a.out, a.format, missingColumns(), output.All(proof.Missing)); err != nil {
			return err
		}
	}
	if len(proof.Missing) > 0 {
		fmt.Fprintf(a.err, "%s stored, %d not; to look again: paysluice replay --resume %s\n", are(proof.Stored, "event"), len(proof.Missing), run.ID)
		return errFound
	}
	return nil
}

func groupColumns() []output.Column[replay.Group] {
	type g = replay.Group
	return []output.Column[replay.Group]{
		{Name: "provider", Text: func(g g) string { return g.Provider }},
		{Name: "failureReason", Text: func(g g) string { return g.Reason }},
		{Name: "count", Text: func(g g) string { return fmt.Sprint(g.Count) }, Right: true},
		{Name: "skipped", Text: func(g g) string { return g.Skipped }, Short: func(g g) string {
			if g.Skipped == "" {
				return "no"
			}
			return g.Skipped
		}},
		{Name: "samples", Text: func(g g) string { return strings.Join(g.Samples, " ") }, Short: func(g g) string { return g.Samples[0] }},
	}
}

func missingColumns() []output.Column[replay.Missing] {
	type m = replay.Missing
	return []output.Column[replay.Missing]{
		{Name: "eventId", Text: func(m m) string { return m.EventID }},
		{Name: "reason", Text: func(m m) string { return m.Reason }},
		{Name: "key", Text: func(m m) string { return m.Key }},
	}
}

func (a *app) replayList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the runs of paysluice replay, newest first",
		Example: `  paysluice replay list -o json`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			return a.listRuns(c.Context(), &query.Replays(s, replay.DefaultRate, 0, a.now).Records)
		},
	}
}
