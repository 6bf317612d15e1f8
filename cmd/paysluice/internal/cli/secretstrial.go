package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/function"
)

// errPayPalTest explains why PayPal's entries cannot be tested.
var errPayPalTest = errors.New("only PayPal can sign its webhooks, with the key of its certificate: " +
	"resend an event in PayPal's dashboard (Apps & Credentials, Webhooks), then look at paysluice secrets list paypal")

// trial is the result of secrets test for an entry.
type trial struct {
	Provider string `json:"provider"`
	Number   int    `json:"number"`
	Label    string `json:"label"`
	Status   int    `json:"status"`
	Accepted bool   `json:"accepted"`
	EventID  string `json:"eventId,omitempty"`
}

func (a *app) secretsTest() *cobra.Command {
	return &cobra.Command{
		Use:   "test PROVIDER [LABEL]",
		Short: "Sign a webhook with each entry and check that the stack accepts it",
		Long: `Send one webhook signed with each entry of a provider's secret, and check that
the stack answers 200. Each webhook stores an event of the type paysluice.test,
which moves no money. A new entry can be refused for ten seconds, so a refused
webhook is repeated for 15 seconds. PayPal's entries cannot be tested: only
PayPal has the key of its certificates.

Exit code 3: an entry was refused.`,
		Example: `  paysluice secrets test stripe
  paysluice secrets test square main`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: completeProvider,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := providerOf(args[0])
			if err != nil {
				return usagef("%w", err)
			}
			if p.Name == contract.PayPal().Name {
				return errPayPalTest
			}
			return a.testEntries(c.Context(), p, args[1:])
		},
	}
}

func (a *app) testEntries(ctx context.Context, p contract.Provider, labels []string) error {
	s, _, version, err := a.readSecret(ctx, p)
	var url string
	if err == nil {
		url, err = s.WebhookURL(p)
	}
	if err != nil {
		return err
	}
	probe := secrets.Probe{Client: s.AWS.Config.HTTPClient, URL: url, SignedURL: s.Outputs[p.Title+"Url"], Now: a.now, Sleep: function.Sleep}
	var trials []trial
	refused := 0
	for i, e := range version.Entries() {
		if len(labels) > 0 && e.Label != labels[0] {
			continue
		}
		status, id, err := probe.Send(ctx, p, e)
		if err != nil {
			return fmt.Errorf("entry %d, %q: %w", i+1, e.Label, err)
		}
		if status != http.StatusOK {
			refused++
		}
		trials = append(trials, trial{p.Name, i + 1, e.Label, status, status == http.StatusOK, id})
	}
	if len(trials) == 0 {
		return fmt.Errorf("%w to test does not exist: paysluice secrets list %s prints the labels, and paysluice secrets add %[2]s LABEL adds one", secrets.ErrEntry, p.Name)
	}
	_, err = output.Write(a.out, a.format, []output.Column[trial]{
		{Name: "number", Text: func(t trial) string { return fmt.Sprint(t.Number) }, Right: true},
		{Name: "label", Text: func(t trial) string { return t.Label }},
		{Name: "status", Text: func(t trial) string { return fmt.Sprint(t.Status, " ", http.StatusText(t.Status)) }},
		{Name: "eventId", Text: func(t trial) string { return t.EventID }},
	}, output.All(trials))
	if err == nil && refused > 0 {
		fmt.Fprintf(a.err, "refused: %d of %d; the log of %s says why\n", refused, len(trials), s.LogGroup(contract.ProcessorName(p)))
		err = errFound
	}
	return err
}
