package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

const (
	// planTimeout bounds the planning of a replay, which reads each message.
	planTimeout = 5 * time.Minute
	// maxPlans bounds the plans that wait for a decision.
	maxPlans = 20
)

// unfinished returns the recorded runs, except some, with messages that can be among those of a plan.
func (s *Server) unfinished(ctx context.Context, p replay.Plan, except ...string) section[[]runRow] {
	runs := s.runs(ctx)
	runs.Value = slices.DeleteFunc(runs.Value, func(r runRow) bool {
		return r.Proof != nil || slices.Contains(except, r.ID) || !slices.ContainsFunc(p.Groups, func(g replay.Group) bool {
			return g.Skipped == "" && slices.ContainsFunc(r.Groups, func(other replay.Group) bool {
				return other.Skipped == "" && other.Provider == g.Provider && other.Reason == g.Reason
			})
		})
	})
	return runs
}

// planData is the data of a plan's page.
type planData struct {
	replay.Plan
	Send       int
	ID         string
	Running    string // id of the active run
	RunningURL string
	Unfinished section[[]runRow]
	Allowed    bool
	Command    string
}

// showPlan shows what a replay would send. Without a plan it makes that of a group of
// failures, and leads to it.
func (s *Server) showPlan(r *http.Request) (view, error) {
	form := r.URL.Query()
	id := form.Get("plan")
	if id == "" {
		days := map[string]int{"1": 1, "7": 7, "30": 30}[form.Get("days")]
		if days == 0 || !slices.Contains(failure.Providers(), form.Get("provider")) || form.Get("reason") == "" {
			return view{}, fmt.Errorf("%w: plan a replay from a group of failures", errRequest)
		}
		return s.makePlan(r, replay.Selection{Filter: failure.Filter{Provider: form.Get("provider"), Reason: form.Get("reason"), Since: s.since(days)}})
	}
	p, err := s.plan(id)
	if err != nil {
		return view{}, err
	}
	if _, started := s.job(id); started {
		return view{to: runURL(id)}, nil
	}
	data := planData{Plan: p, ID: id, Allowed: s.AllowReplay, Command: replayCommand(p.Selection), Running: s.runner.running()}
	data.Send, _ = p.Total()
	data.RunningURL = runURL(data.Running)
	data.Unfinished = s.unfinished(r.Context(), p, id, data.Running)
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
	return s.makePlan(r, replay.Selection{Keys: keys})
}

// makePlan plans a replay, which sends nothing, and leads to the plan.
func (s *Server) makePlan(r *http.Request, selection replay.Selection) (view, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), planTimeout)
	defer cancel()
	p, err := s.Replays.Plan(ctx, selection, func(replay.Progress) {})
	if err != nil {
		return view{}, limited{err, planTimeout}
	}
	id := s.Replays.NewID()
	s.runner.mu.Lock()
	defer s.runner.mu.Unlock()
	if len(s.runner.plans) == maxPlans {
		clear(s.runner.plans)
	}
	s.runner.plans[id] = p
	return view{to: planURL(id)}, nil
}

func planURL(id string) string { return "/replay?" + url.Values{"plan": {id}}.Encode() }

// plan returns a plan that was made before.
func (s *Server) plan(id string) (replay.Plan, error) {
	s.runner.mu.Lock()
	defer s.runner.mu.Unlock()
	if p, known := s.runner.plans[id]; known {
		return p, nil
	}
	return replay.Plan{}, fmt.Errorf("%w: this plan is not known; plan again", errRequest)
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
