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
	var side sideFlags
	var templateFile, out string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether the deployment is right",
		Long: `Check whether the deployment is right. The secrets, URLs, throttles, quotas,
functions, queues, alarms, subscribers, logs, key, tables, bucket and policies
are compared with the deployed template; the deployed template and code are
compared with the local ones. Each finding has its remedy. Exit code 3: there
are findings.

It changes nothing and shows no secret. It sends one request without a signature
to each URL, which the stack counts as rejected. A missing permission is a
finding too.

--provider checks the provider's side instead, through the provider's API and
with the key of paysluice reconcile: endpoint, URL, event types, API versions,
live or sandbox, signing key, undelivered events, Square's event search.
docs/reconciling.md says what an API does not show. --fix switches Square's
event search on, after a question. It changes nothing else.`,
		Example: `  paysluice doctor
  paysluice doctor --provider all
  paysluice doctor --provider square --fix
  paysluice doctor --skip secret-paypal,url-paypal -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			names := doctor.Names()
			if side.provider != "" {
				names = doctor.SideNames()
			}
			for _, name := range side.skip {
				if !slices.Contains(names, name) {
					return usagef("--skip %s is no check: choose of %s", name, strings.Join(names, ", "))
				}
			}
			if err := side.check(); err != nil {
				return err
			}
			s, err := a.find(c.Context())
			if err != nil {
				return err
			}
			if side.provider != "" {
				return a.sides(c.Context(), side, s)
			}
			results, err := doctor.New(c.Context(), s, templateFile, out).Examine(c.Context(), side.skip)
			if err != nil {
				return err
			}
			return a.printResults(results)
		},
	}
	flags := c.Flags()
	flags.StringSliceVar(&side.skip, "skip", nil, "leave out `checks`, separated by commas")
	flags.StringVar(&templateFile, "template", localTemplate, "local template `file` to compare with")
	flags.StringVar(&out, "out", localZips, "`folder` of paysluice package to compare with")
	flags.StringVar(&side.provider, "provider", "", "check the side of this `provider`, or of all")
	flags.BoolVar(&side.sandbox, "sandbox", false, "use the sandbox of PayPal or Square, with its key in the environment or at the prompt")
	flags.StringVar(&side.url, "webhook-url", "", "`URL` of the provider's endpoint; default the stack's output")
	flags.BoolVar(&side.fix, "fix", false, "switch Square's event search on, after a question")
	flags.StringVar(&side.apiURL, "api-url", "", "`URL` of a fake of the provider's API")
	_ = flags.MarkHidden("api-url") // the only error is an unknown flag
	complete(c, "skip", slices.Concat(doctor.Names(), doctor.SideNames()))
	complete(c, "provider", append(providerNames(), allProviders))
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
