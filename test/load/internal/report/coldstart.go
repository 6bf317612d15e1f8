package report

import (
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/measured"
)

func coldStart(c measured.ColdStart) string {
	var b strings.Builder
	b.WriteString(on(c.Machine))
	fmt.Fprintf(&b, "\nMedians of %d processes each, started one at a time in turn; every AWS call takes %.0f ms. "+
		"Times in ms; the first call comes at the end of init.\n\n", c.Rounds, c.Call)
	b.WriteString("| | init | in hello-worlds | of it, packages | CPU of init | first call | CPU of it | start to first answer | in hello-worlds | a warm call | memory MB | binary MB | zip MB |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	var hello measured.ColdProgram
	for _, p := range c.Programs {
		if p.Name == functions.Hello {
			hello = p
		}
	}
	for _, p := range c.Programs {
		fmt.Fprintf(&b, "| %s | %.1f | %.2f× | %.2f | %.1f |", p.Name, p.Init, p.Init/hello.Init, p.PackageInit, p.InitCPU)
		if p.FirstCall == 0 {
			b.WriteString(" | | | | |")
		} else {
			fmt.Fprintf(&b, " %.1f | %.1f | %.1f | %.2f× | %.2f |", p.FirstCall, p.FirstCPU, p.Answer, p.Answer/hello.Answer, p.WarmCall)
		}
		fmt.Fprintf(&b, " %.0f | %.1f | %.2f |\n", mb(p.Memory), float64(p.BinarySize)/1e6, float64(p.ZipSize)/1e6)
	}
	b.WriteString("\nWhen what happens, in ms from the process's start, as AWS sees it:\n\n")
	for _, p := range c.Programs {
		if p.FirstCall > 0 {
			fmt.Fprintf(&b, "- **%s**: %s\n", p.Name, timeline(p.Steps))
		}
	}
	b.WriteString("\nThe packages that take longest to initialise, in ms (`GODEBUG=inittrace=1`):\n\n")
	for _, p := range c.Programs {
		names := []string{}
		for _, i := range p.Packages {
			names = append(names, fmt.Sprintf("%s %.3f", i.Package, i.Time))
		}
		fmt.Fprintf(&b, "- **%s**: %s\n", p.Name, strings.Join(names, ", "))
	}
	return b.String()
}

func timeline(steps []measured.Step) string {
	parts := []string{}
	for _, s := range steps {
		parts = append(parts, fmt.Sprintf("%.1f %s", s.At, s.What))
	}
	return strings.Join(parts, " → ")
}
