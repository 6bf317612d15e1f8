package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// shownRunDays is how far back the list of runs goes.
const shownRunDays = 30

// runData is the data of a run's page.
type runData struct {
	replay.Record
	Active   bool // whether this process runs it
	Allowed  bool
	Progress replay.Progress
	Percent  int
	Sent     int
	NotSent  int
	Proof    *replay.Proof
	Missing  []replay.Missing // of Proof, at most maxRows
	Problem  *problem
	Stopped  bool
	Command  string
}

// showRun shows a run: from memory while this process runs it, else its record.
func (s *Server) showRun(r *http.Request) (view, error) {
	id := r.URL.Query().Get("id")
	j, here := s.job(id)
	data := runData{Active: here && j.active(), Allowed: s.AllowReplay, Progress: j.progress, Command: "paysluice replay --resume " + quote(id)}
	if data.Active && j.record != nil {
		data.Record, data.Sent, data.NotSent = *j.record, j.sent, j.notSent
	} else {
		run, err := s.Replays.Summary(r.Context(), id)
		if err != nil {
			return view{}, err
		}
		data.Record, data.Sent, data.NotSent = run.Record, run.Sent(), run.NotSent
		if !data.Active {
			data.Proof = run.Proof
		}
		if run.At.After(j.ended) { // another process has continued it
			j.err = nil
		}
	}
	data.Stopped = errors.Is(j.err, context.Canceled)
	if j.err != nil && !data.Stopped || errors.Is(j.err, replay.ErrUnrecorded) {
		data.Problem = newProblem(limited{j.err, 0})
	}
	if p := data.Proof; p != nil {
		data.Missing = p.Missing[:min(len(p.Missing), maxRows)]
		switch missing := len(p.Missing); {
		case missing == 0:
			data.Command = "paysluice replay list"
		case missing > maxRows:
			data.Command += "\npaysluice replay list -o json"
		}
	}
	if data.Progress.Total > 0 {
		data.Percent = 100 * data.Progress.Done / data.Progress.Total
	}
	return view{page: "run", title: "Replay " + id, data: data}, nil
}

func runURL(id string) string { return "/run?" + url.Values{"id": {id}}.Encode() }

// runRow is a line of the list of runs.
type runRow struct {
	replay.Summary
	URL    string
	Result string
	Bad    bool
}

// runs lists the runs that the bucket has records of.
func (s *Server) runs(ctx context.Context) section[[]runRow] {
	found, err := s.Replays.Runs(ctx, s.since(shownRunDays))
	rows := make([]runRow, len(found))
	for i, f := range found {
		rows[i] = runRow{Summary: f, URL: runURL(f.ID), Result: "not finished", Bad: true}
		j, here := s.job(f.ID)
		switch {
		case here && j.active():
			rows[i].Result, rows[i].Bad = "running", false
		case f.Proof != nil && len(f.Proof.Missing) > 0:
			rows[i].Result = counted(len(f.Proof.Missing), "event") + " not stored"
		case f.Proof != nil:
			rows[i].Result, rows[i].Bad = "all stored", false
		}
	}
	return read(rows, err)
}
