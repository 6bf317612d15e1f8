package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
)

// meter shows the progress of a replay on stderr: a bar on a terminal, else a line
// from time to time.
type meter struct {
	out      io.Writer
	now      func() time.Time
	terminal bool

	stage   replay.Stage
	started time.Time
	printed time.Time
	last    replay.Progress
	bars    *mpb.Progress
	bar     *mpb.Bar
}

func (a *app) newMeter() *meter {
	return &meter{out: a.err, now: a.now, terminal: isTerminal(a.err)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// lineInterval is the time between two lines about the progress of one stage.
const lineInterval = 10 * time.Second

func (m *meter) show(p replay.Progress) {
	if p.Stage != m.stage {
		m.end()
		m.stage, m.started, m.printed = p.Stage, m.now(), m.now()
		if m.terminal {
			m.bars = mpb.New(mpb.WithOutput(m.out), mpb.WithWidth(40), mpb.WithAutoRefresh())
			m.bar = m.bars.AddBar(int64(p.Total), mpb.BarRemoveOnComplete(),
				mpb.PrependDecorators(decor.Name(string(p.Stage)+" "), decor.CountersNoUnit("%d / %d")),
				mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.AverageSpeed(0, " %.0f/s"), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
		}
	}
	m.last = p
	switch {
	case m.bar != nil:
		m.bar.SetTotal(int64(p.Total), false)
		m.bar.SetCurrent(int64(p.Done))
	case m.now().Sub(m.printed) >= lineInterval:
		m.say()
	}
}

// end ends the display of a stage.
func (m *meter) end() {
	switch {
	case m.stage == "":
		return
	case m.bar != nil:
		m.bar.Abort(true) // the line replaces it
		m.bars.Wait()
		m.bars, m.bar = nil, nil
	}
	m.say()
	m.stage = ""
}

// say writes one line.
func (m *meter) say() {
	m.printed = m.now()
	line := fmt.Sprintf("%s: %d", m.stage, m.last.Done)
	if m.last.Total > 0 {
		line += fmt.Sprintf(" of %d", m.last.Total)
	}
	switch {
	case m.last.Failed == 0:
	case m.stage == replay.Sending: // the table can have the event
		line += fmt.Sprintf(", %d not sent", m.last.Failed)
	default:
		line += fmt.Sprintf(", %d failed", m.last.Failed)
	}
	if seconds := m.now().Sub(m.started).Seconds(); m.stage == replay.Sending && seconds >= 1 {
		line += fmt.Sprintf(", %.0f a second", float64(m.last.Done)/seconds)
	}
	fmt.Fprintln(m.out, line)
}
