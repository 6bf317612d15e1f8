package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/query"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// showPlan prints a plan. It is the result of a dry run, and goes to stderr otherwise.
func (a *app) showPlan(plan replay.Plan, columns []output.Column[replay.Group], dryRun bool) error {
	to, format := a.err, output.Table
	if dryRun {
		to, format = a.out, a.format
	}
	_, err := output.Write(to, format, columns, output.All(plan.Groups))
	return err
}

// startRun asks a question, and starts a plan's run in the name of the operator.
func (a *app) startRun(ctx context.Context, s *stack.Stack, records *replay.Records, plan replay.Plan, question string) (*replay.Run, error) {
	if err := a.confirm(ctx, question); err != nil {
		return nil, err
	}
	who, err := query.Identity(ctx, s)
	if err != nil {
		return nil, err
	}
	run, err := records.Start(ctx, records.NewID(), plan, who)
	if err == nil {
		fmt.Fprintf(a.err, "run %s started\n", run.ID)
	}
	return run, err
}

// listRuns lists the runs of one kind.
func (a *app) listRuns(ctx context.Context, records *replay.Records) error {
	runs, err := records.Runs(ctx, time.Time{})
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintln(a.err, "no run yet")
	}
	_, err = output.Write(a.out, a.format, runColumns(), output.All(runs))
	return err
}

func runColumns() []output.Column[replay.Summary] {
	type r = replay.Summary
	return []output.Column[replay.Summary]{
		{Name: "id", Text: func(r r) string { return r.ID }},
		{Name: "done", Text: func(r r) string { return fmt.Sprintf("%d/%d", r.Done, r.Total) }, Right: true},
		{Name: "result", Text: func(r r) string {
			switch p := r.Proof; {
			case p == nil && r.Done < r.Total:
				return "unfinished"
			case r.Kind == replay.Republication:
				return "published"
			case p == nil:
				return "not proved"
			case len(p.Missing) > 0:
				return fmt.Sprintf("%d not stored", len(p.Missing))
			}
			return "all stored"
		}},
		{Name: "who", Text: func(r r) string { return r.Who }},
	}
}
