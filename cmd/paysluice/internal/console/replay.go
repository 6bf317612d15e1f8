package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

var errReadOnly = errors.New("the console is read-only: end it and start it with --allow-replay")

const (
	// planTimeout bounds the planning of a replay, which reads each message.
	planTimeout = 5 * time.Minute
	// maxPlans bounds the plans that wait for a decision.
	maxPlans = 20
	// shownRunDays is how far back the list of runs goes.
	shownRunDays = 30
)

// Replays is the subset of replay.Engine that the pages call.
type Replays interface {
	Plan(context.Context, replay.Selection, func(replay.Progress)) (replay.Plan, error)
	Start(ctx context.Context, p replay.Plan, who string) (*replay.Run, error)
	Load(ctx context.Context, id string) (*replay.Run, error)
	Summary(ctx context.Context, id string) (replay.Summary, error)
	Run(context.Context, *replay.Run, func(replay.Progress)) error
	Prove(context.Context, *replay.Run, func(replay.Progress)) (replay.Proof, error)
	Runs(ctx context.Context, since time.Time) ([]replay.Summary, error)
}

// runner runs replays in this process. They do not depend on pages.
type runner struct {
	mu    sync.Mutex
	plans map[string]*plan // by the token of their form
	jobs  map[string]*job  // by the run's id
	all   sync.WaitGroup
}

// plan is a plan that a page has shown. It starts one run.
type plan struct {
	mu sync.Mutex
	replay.Plan
	run string // id of the started run
}

// job is a run of this process. It has no record until that is loaded.
type job struct {
	cancel   context.CancelFunc
	record   *replay.Record
	done     int // messages that need no more sending
	progress replay.Progress
	ended    bool
	proof    *replay.Proof
	err      error
}

// show keeps what a run says about itself.
func (j *job) show(p replay.Progress) {
	switch j.progress = p; p.Stage {
	case replay.Sending:
		j.done = p.Done
	case replay.Proving: // everything is sent
		j.done = j.record.Total
	}
}

// planData is what the page of a plan shows.
type planData struct {
	replay.Plan
	Send, Skip int
	Token      string
	Queue      string
	Allowed    bool
	Command    string
}

// planReplay shows what a replay would send: the plan of a group of failures, or one
// that was made before. It changes nothing.
func (s *Server) planReplay(r *http.Request) (view, error) {
	form := r.URL.Query()
	token := form.Get("plan")
	if token == "" {
		days := map[string]int{"1": 1, "7": 7, "30": 30}[form.Get("days")]
		if days == 0 || !slices.Contains(failure.Providers(), form.Get("provider")) || form.Get("reason") == "" {
			return view{}, fmt.Errorf("%w: plan a replay from a group of failures", errRequest)
		}
		var err error
		token, err = s.makePlan(r, replay.Selection{Filter: failure.Filter{Provider: form.Get("provider"), Reason: form.Get("reason"), Since: s.since(days)}})
		if err != nil {
			return view{}, err
		}
	}
	p, err := s.plan(token)
	if err != nil {
		return view{}, err
	}
	data := planData{Plan: p.Plan, Token: token, Queue: s.Stack.Outputs["QueueUrl"], Allowed: s.AllowReplay, Command: replayCommand(p.Selection)}
	data.Send, data.Skip = p.Total()
	return view{page: "plan", title: "Replay", data: data}, nil
}

// planSelected plans a replay of single messages, and leads to the plan.
func (s *Server) planSelected(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, fmt.Errorf("%w: %w", errForm, err)
	}
	keys := r.PostForm["key"]
	if len(keys) == 0 {
		return view{}, fmt.Errorf("%w: no message is selected; go back and select one", errForm)
	}
	token, err := s.makePlan(r, replay.Selection{Keys: keys})
	return view{to: "/replay?" + url.Values{"plan": {token}}.Encode()}, err
}

// makePlan plans a replay and returns the token under which the plan is kept.
func (s *Server) makePlan(r *http.Request, selection replay.Selection) (token string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), planTimeout)
	defer cancel()
	p, err := s.Replays.Plan(ctx, selection, func(replay.Progress) {})
	if err != nil {
		return "", limited{err, planTimeout}
	}
	token = rand.Text()
	s.runner.mu.Lock()
	defer s.runner.mu.Unlock()
	if len(s.runner.plans) == maxPlans {
		clear(s.runner.plans)
	}
	s.runner.plans[token] = &plan{Plan: p}
	return token, nil
}

// plan returns a plan that was made before.
func (s *Server) plan(token string) (*plan, error) {
	s.runner.mu.Lock()
	defer s.runner.mu.Unlock()
	if p := s.runner.plans[token]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: this plan is not known; plan again", errRequest)
}

// replayCommand returns the command that replays the same messages.
func replayCommand(s replay.Selection) string {
	if len(s.Keys) == 0 {
		return fmt.Sprintf("paysluice replay --provider %s --reason %s --since %s", s.Provider, quote(s.Reason), s.Since.Format(time.RFC3339))
	}
	words := []string{"paysluice replay"}
	for _, key := range s.Keys {
		words = append(words, quote(key))
	}
	return strings.Join(words, " \\\n  ")
}

// startReplay starts the run of a plan, once.
func (s *Server) startReplay(r *http.Request) (view, error) {
	if !s.AllowReplay {
		return view{}, errReadOnly
	}
	p, err := s.plan(r.PostFormValue("plan"))
	if err != nil {
		return view{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == "" {
		who, err := s.Who(r.Context())
		if err != nil {
			return view{}, err
		}
		run, err := s.Replays.Start(r.Context(), p.Plan, who)
		if err != nil {
			return view{}, err
		}
		p.run = run.ID
		s.log("replay %s of %s was started", run.ID, counted(run.Total, "message"))
		_ = s.work(r, run.ID, func() (*replay.Run, error) { return run, nil })
	}
	return view{to: runURL(p.run)}, nil
}

// resumeReplay continues a run that was stopped, also by another process.
func (s *Server) resumeReplay(r *http.Request) (view, error) {
	if !s.AllowReplay {
		return view{}, errReadOnly
	}
	id := r.PostFormValue("id")
	err := s.work(r, id, func() (*replay.Run, error) {
		run, err := s.Replays.Load(r.Context(), id)
		if err == nil {
			s.log("replay %s was resumed", id)
		}
		return run, err
	})
	return view{to: runURL(id)}, err
}

// stopReplay stops a run of this process.
func (s *Server) stopReplay(r *http.Request) (view, error) {
	id := r.PostFormValue("id")
	j, ok := s.job(id)
	if !ok {
		return view{}, fmt.Errorf("%w: the console does not run this replay", errRequest)
	}
	j.cancel()
	s.log("replay %s is told to stop", id)
	return view{to: runURL(id)}, nil
}

// work loads, sends and proves a run, apart from the request that asked for it, unless this
// process does so already. It takes the run's place among the jobs before it loads the
// record, so that a form that is sent twice starts one job. The job ends with the console.
func (s *Server) work(r *http.Request, id string, load func() (*replay.Run, error)) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	j := &job{cancel: cancel}
	before, mine := s.runner.claim(id, j)
	if !mine {
		cancel()
		return nil
	}
	run, err := load()
	if err != nil {
		cancel()
		s.runner.release(id, before)
		return err
	}
	s.runner.mu.Lock()
	j.record, j.proof = &run.Record, run.Proof()
	j.show(replay.Progress{Stage: replay.Sending, Done: run.Done(), Total: run.Total})
	s.runner.mu.Unlock()
	stop := context.AfterFunc(s.life, cancel)
	show := func(p replay.Progress) {
		s.runner.mu.Lock()
		defer s.runner.mu.Unlock()
		j.show(p)
	}
	s.runner.all.Go(func() {
		defer cancel()
		defer stop()
		err := s.Replays.Run(ctx, run, show)
		var proof replay.Proof
		if err == nil {
			proof, err = s.Replays.Prove(ctx, run, show)
		}
		s.runner.mu.Lock()
		defer s.runner.mu.Unlock()
		if j.ended, j.err = true, err; err == nil {
			j.proof = &proof
			s.log("replay %s ended: %s stored, %d not", run.ID, counted(proof.Stored, "event"), len(proof.Missing))
			return
		}
		s.log("replay %s stopped: %s; to resume: paysluice replay --resume %[1]s", run.ID, err)
	})
	return nil
}

// claim makes a job that of a run, unless one works at it. It returns the job before.
func (r *runner) claim(id string, j *job) (before *job, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before = r.jobs[id]; before != nil && !before.ended {
		return before, false
	}
	r.jobs[id] = j
	return before, true
}

// release gives a run back the job that it had before a claim.
func (r *runner) release(id string, before *job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs[id] = before; before == nil {
		delete(r.jobs, id)
	}
}

// job returns a copy of the state of a run of this process.
func (s *Server) job(id string) (job, bool) {
	s.runner.mu.Lock()
	defer s.runner.mu.Unlock()
	if j := s.runner.jobs[id]; j != nil {
		return *j, true
	}
	return job{}, false
}

// runData is what the page of a run shows.
type runData struct {
	replay.Record
	Active   bool // whether this process runs it
	Allowed  bool
	Progress replay.Progress
	Percent  int
	Done     int
	Proof    *replay.Proof
	Problem  *problem
	Stopped  bool
	Command  string
}

// showRun shows a run: from memory while this process runs it, else its record.
func (s *Server) showRun(r *http.Request) (view, error) {
	id := r.URL.Query().Get("id")
	j, here := s.job(id)
	data := runData{Active: here && !j.ended, Allowed: s.AllowReplay, Progress: j.progress, Command: "paysluice replay --resume " + quote(id)}
	if data.Active && j.record != nil {
		data.Record, data.Done, data.Proof = *j.record, j.done, j.proof
	} else {
		run, err := s.Replays.Summary(r.Context(), id)
		if err != nil {
			return view{}, err
		}
		data.Record, data.Done, data.Proof = run.Record, run.Done, cmp.Or(j.proof, run.Proof)
	}
	if errors.Is(j.err, context.Canceled) {
		data.Stopped = true
	} else if j.err != nil {
		data.Problem = newProblem(limited{j.err, 0})
	}
	if data.Proof != nil && len(data.Proof.Missing) == 0 {
		data.Command = "paysluice replay list"
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
		case here && !j.ended:
			rows[i].Result, rows[i].Bad = "running", false
		case f.Proof != nil && len(f.Proof.Missing) > 0:
			rows[i].Result = counted(len(f.Proof.Missing), "event") + " not stored"
		case f.Proof != nil:
			rows[i].Result, rows[i].Bad = "all stored", false
		}
	}
	return read(rows, err)
}
