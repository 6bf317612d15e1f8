package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
)

// What paysluice doctor compares the deployment with.
const (
	localTemplate = "out/stack.json"
	localZips     = "out"
)

func (a *app) doctor() *cobra.Command {
	var skip []string
	var templateFile, out string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether the deployment is right",
		Long: `Check whether the deployment is right: secrets, URLs, throttles and quotas, functions and
their code, queues, alarms and their subscribers, logs, key, tables, bucket and policies,
each against the deployed template; the deployed template and code against the local
ones. Each finding has its remedy; the exit code is 3 if there are any.

It changes nothing, and shows no secret. It sends each URL one request without a
signature, which the stack counts as rejected. A missing permission is one finding.`,
		Example: `  paysluice doctor
  paysluice doctor --skip secret-paypal,url-paypal -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, name := range skip {
				if !slices.Contains(doctor.Names(), name) {
					return usagef("--skip %s is no check: choose of %s", name, strings.Join(doctor.Names(), ", "))
				}
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			results, err := doctor.New(c.Context(), s, templateFile, out).Examine(c.Context(), skip)
			if err != nil {
				return err
			}
			return a.printResults(results)
		},
	}
	c.Flags().StringSliceVar(&skip, "skip", nil, "leave out `checks`, separated by commas")
	c.Flags().StringVar(&templateFile, "template", localTemplate, "local template `file` to compare with")
	c.Flags().StringVar(&out, "out", localZips, "`folder` of paysluice package to compare with")
	complete(c, "skip", doctor.Names())
	return c
}

// printResults prints all results in JSON, a row for each finding in CSV, and
// otherwise a table of checks and the findings. It returns errFound if there are any.
func (a *app) printResults(results []doctor.Result) error {
	var err error
	found := findings(results)
	switch a.format {
	case output.CSV:
		_, err = output.Write(a.out, a.format, findingColumns(), output.All(found))
	case output.Table:
		_, err = output.Write(a.out, a.format, resultColumns(), output.All(results))
		for _, f := range found {
			fmt.Fprintf(a.out, "\n%s  %s: %s\n", f.Severity, f.Check, output.Printable(f.Subject+" "+f.Problem))
			if f.Means != "" {
				fmt.Fprintf(a.out, "  means  %s\n", output.Printable(f.Means))
			}
			fmt.Fprintf(a.out, "  do     %s\n", output.Printable(f.Do))
		}
	default:
		_, err = output.Write(a.out, a.format, resultColumns(), output.All(results))
	}
	if err == nil && len(found) > 0 {
		return errFound
	}
	return err
}

// finding is a finding with its check.
type finding struct {
	Check string
	doctor.Finding
}

func findings(results []doctor.Result) []finding {
	var all []finding
	for _, r := range results {
		for _, f := range r.Findings {
			all = append(all, finding{r.Check, f})
		}
	}
	return all
}

func findingColumns() []output.Column[finding] {
	type f = finding
	return []output.Column[f]{
		{Name: "check", Text: func(f f) string { return f.Check }},
		{Name: "severity", Text: func(f f) string { return string(f.Severity) }},
		{Name: "subject", Text: func(f f) string { return f.Subject }},
		{Name: "problem", Text: func(f f) string { return f.Problem }},
		{Name: "means", Text: func(f f) string { return f.Means }},
		{Name: "do", Text: func(f f) string { return f.Do }},
	}
}

func resultColumns() []output.Column[doctor.Result] {
	return []output.Column[doctor.Result]{
		{Name: "check", Text: func(r doctor.Result) string { return r.Check }},
		{Name: "result", Text: func(r doctor.Result) string {
			switch n := len(r.Findings); {
			case r.Skipped != "":
				return "skipped: " + r.Skipped
			case n == 1:
				return "1 finding"
			case n > 1:
				return fmt.Sprintf("%d findings", n)
			}
			return "ok"
		}},
	}
}
