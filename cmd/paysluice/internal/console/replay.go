package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// recordTimeout bounds the writing or reading of a run's record, before the run begins.
const recordTimeout = time.Minute

var (
	errReadOnly = errors.New("the console is read-only: end it and start it with --allow-replay")
	errRunning  = errors.New("the console runs one replay at a time")
	errEnding   = errors.New("nothing was sent: start the console again")
)

// Replays is the subset of replay.Engine that the pages call.
type Replays interface {
	Stored(context.Context, []failure.Failure) (map[string]bool, error)
	Plan(context.Context, replay.Selection, func(replay.Progress)) (replay.Plan, error)
	NewID() string
	Start(ctx context.Context, id string, p replay.Plan, who string) (*replay.Run, error)
	Load(ctx context.Context, id string) (*replay.Run, error)
	Summary(ctx context.Context, id string) (replay.Summary, error)
	Run(context.Context, *replay.Run, func(replay.Progress)) error
	Prove(context.Context, *replay.Run, func(replay.Progress)) (replay.Proof, error)
	Runs(ctx context.Context, since time.Time) ([]replay.Summary, error)
}

// runner runs replays in this process, one at a time. They do not depend on pages.
type runner struct {
	mu     sync.Mutex
	plans  map[string]replay.Plan // by the id of the run that each can start
	jobs   map[string]*job        // by the run's id; at most one is active
	closed bool
	all    sync.WaitGroup // jobs, and webhooks that wait for their answer
}

// job is a run of this process. It has no record until that is loaded.
type job struct {
	cancel   context.CancelFunc
	record   *replay.Record // without entries
	sent     int            // messages
	notSent  int            // and not to be sent
	progress replay.Progress
	ended    time.Time // zero while it runs
	err      error
}

func (j *job) active() bool { return j.ended.IsZero() }

// show keeps what a run says about itself.
func (j *job) show(p replay.Progress) {
	switch j.progress = p; p.Stage {
	case replay.Sending:
		j.sent, j.notSent = p.Done-p.Failed, p.Failed
	case replay.Proving: // nothing is left to send
		j.sent = j.record.Total - j.notSent
	}
}

// startReplay starts the run of a plan, once.
func (s *Server) startReplay(r *http.Request) (view, error) {
	if !s.AllowReplay {
		return view{}, errReadOnly
	}
	id := r.PostFormValue("plan")
	p, err := s.plan(id)
	if err != nil {
		return view{}, err
	}
	if _, started := s.job(id); started {
		return view{to: runURL(id)}, nil
	}
	err = s.work(r, id, func(ctx context.Context) (*replay.Run, error) {
		who, err := s.Who(ctx)
		if err != nil {
			return nil, err
		}
		run, err := s.Replays.Start(ctx, id, p, who)
		if err == nil {
			s.log("replay %s of %s was started", id, counted(run.Total, "message"))
		}
		return run, err
	})
	return view{to: runURL(id)}, err
}

// resumeReplay continues a run that was stopped, also by another process.
func (s *Server) resumeReplay(r *http.Request) (view, error) {
	if !s.AllowReplay {
		return view{}, errReadOnly
	}
	id := r.PostFormValue("id")
	err := s.work(r, id, func(ctx context.Context) (*replay.Run, error) {
		run, err := s.Replays.Load(ctx, id)
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
// The error is errRunning while another run is active.
func (s *Server) work(r *http.Request, id string, load func(context.Context) (*replay.Run, error)) error {
	if !s.runner.begin() {
		return errEnding
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	end := func() {
		cancel()
		s.runner.all.Done()
	}
	j := &job{cancel: cancel}
	before, running := s.runner.claim(id, j)
	if running != "" {
		end()
		if running == id {
			return nil
		}
		return fmt.Errorf("%w: wait until %s has ended, or stop it", errRunning, running)
	}
	short, done := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer done()
	run, err := load(short)
	if err != nil {
		s.runner.release(id, before)
		end()
		return limited{err, recordTimeout}
	}
	record := run.Record
	record.Entries = nil // a job is kept until the console ends
	s.runner.mu.Lock()
	j.record = &record
	j.show(replay.Progress{Stage: replay.Sending, Done: run.Done(), Total: run.Total, Failed: run.Dropped()})
	s.runner.mu.Unlock()
	stop := context.AfterFunc(s.life, cancel)
	show := func(p replay.Progress) {
		s.runner.mu.Lock()
		defer s.runner.mu.Unlock()
		j.show(p)
	}
	go func() {
		defer end()
		defer stop()
		err := s.Replays.Run(ctx, run, show)
		var proof replay.Proof
		if err == nil {
			proof, err = s.Replays.Prove(ctx, run, show)
		}
		s.runner.mu.Lock()
		defer s.runner.mu.Unlock()
		if j.ended, j.err = s.Now(), err; err == nil {
			s.log("replay %s ended: %s stored, %d not", run.ID, counted(proof.Stored, "event"), len(proof.Missing))
			return
		}
		s.log("replay %s stopped: %s; to resume: %s", run.ID, err, s.command("paysluice replay --resume "+quote(run.ID)))
	}()
	return nil
}

// begin adds to all, and reports false if the console waits for the end of all already.
func (r *runner) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.all.Add(1)
	}
	return !r.closed
}

// close waits for all. Nothing begins from now on.
func (r *runner) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.all.Wait()
}

// claim makes a job that of a run and returns the job before. While a job is active it only
// returns the id of that job's run.
func (r *runner) claim(id string, j *job) (before *job, running string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if running = r.active(); running == "" {
		before, r.jobs[id] = r.jobs[id], j
	}
	return before, running
}

// running returns the id of the active run, "" without one.
func (r *runner) running() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active()
}

// active is running for a caller that holds mu.
func (r *runner) active() string {
	for id, j := range r.jobs {
		if j.active() {
			return id
		}
	}
	return ""
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
