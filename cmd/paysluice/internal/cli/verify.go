package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/capture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/verification"
	"github.com/paysluice/paysluice/handlers/contract"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	header, body, har, curl, event string
	entry                          int
	secretFile, url, at            string
	secretStdin, secretPrompt      bool
	others                         []string
}

func (a *app) verify() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify PROVIDER",
		Short: "Say whether a captured webhook is authentic, and if not, why",
		Long: `Verify a captured webhook as the stack does, and explain a rejection.

The capture is a file of headers with a file of the body, a HAR file, a curl
command line or an event of API Gateway (payload format 1.0). A name of - is
stdin. The body must have the bytes that were sent.

The command reads the stack's secret. With --secret-file, --secret-stdin or
--secret-prompt it makes no AWS call; these take a secret document
(docs/secrets.md) or only a key: Stripe's signing secret, PayPal's webhook id or
Square's signature key.

A cause is called proven if the signature, computed again under it, matches. The
time of receipt is the capture's, or now if it has none; --at sets it. The
command prints no signature and no key.

Exit code 3: the webhook is rejected, or archived instead of stored.`,
		Example: `  paysluice verify stripe --event event.json
  paysluice verify square --curl request.sh --secret-prompt --url https://hooks.example.com/square
  paysluice verify paypal --header-file headers.txt --body-file body.json -o json`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(providerNames(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := a.checkVerify(&f, args[0])
			if err != nil {
				return err
			}
			v, err := a.verification(c.Context(), &f, p)
			if err != nil {
				return err
			}
			result, err := verification.Verify(c.Context(), v)
			if err != nil {
				return err
			}
			err = output.Object(a.out, a.format, result, resultFields(result))
			if err == nil && (!result.Accepted || result.Reason != "") {
				err = errFound
			}
			return err
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.header, "header-file", "", "`file` with the headers, a line each")
	flags.StringVar(&f.body, "body-file", "", "`file` with the body")
	flags.StringVar(&f.har, "har", "", "HAR `file`")
	flags.IntVar(&f.entry, "entry", 0, "`number` of the HAR file's entry, from 1; default the one with a signature")
	flags.StringVar(&f.curl, "curl", "", "`file` with a curl command line")
	flags.StringVar(&f.event, "event", "", "`file` with an event of API Gateway")
	flags.StringVar(&f.secretFile, "secret-file", "", "`file` with a secret document or a key, in place of the stack's secret")
	flags.BoolVar(&f.secretStdin, "secret-stdin", false, "read the secret document or key from stdin")
	flags.BoolVar(&f.secretPrompt, "secret-prompt", false, "ask for the key, without showing it")
	flags.StringArrayVar(&f.others, "other-secret-file", nil, "`file` with another secret document or key that may have signed; can be repeated")
	flags.StringVar(&f.url, "url", "", "the `URL` that Square has; default the stack's")
	flags.StringVar(&f.at, "at", "", "`time` of receipt: 2h ago, a day or RFC 3339")
	return c
}

// providerOf returns the provider of a command line.
func providerOf(name string) (contract.Provider, error) {
	p, ok := providerNamed(name)
	if !ok {
		return p, fmt.Errorf("PROVIDER must be one of %s", strings.Join(providerNames(), ", "))
	}
	return p, nil
}

// checkVerify checks the command line. The error names every problem.
func (a *app) checkVerify(f *verifyFlags, name string) (contract.Provider, error) {
	p, err := providerOf(name)
	problems := []error{err}
	add := func(wrong bool, text string) {
		if wrong {
			problems = append(problems, errors.New(text))
		}
	}
	add(count(f.header != "" || f.body != "", f.har != "", f.curl != "", f.event != "") != 1,
		"name one capture: --header-file with --body-file, --har, --curl or --event")
	add((f.header == "") != (f.body == ""), "--header-file and --body-file belong together")
	add(f.entry != 0 && f.har == "", "--entry is for --har")
	add(count(f.secretFile != "", f.secretStdin, f.secretPrompt) > 1, "name one of --secret-file, --secret-stdin and --secret-prompt")
	stdin := []bool{f.secretStdin || f.secretFile == "-"}
	for _, name := range append([]string{f.header, f.body, f.har, f.curl, f.event}, f.others...) {
		stdin = append(stdin, name == "-")
	}
	add(count(stdin...) > 1, "stdin can be one of the capture and the secrets only")
	add(f.url != "" && p.Name != contract.Square().Name, "--url is for Square, which signs it")
	add(f.url != "" && !strings.HasPrefix(f.url, "https://") && !strings.HasPrefix(f.url, "http://"), "--url must begin with https://")
	if _, err := parseTime(f.at, a.now()); err != nil {
		problems = append(problems, fmt.Errorf("--at: %w", err))
	}
	if problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil }); len(problems) > 0 {
		return p, usagef("%s", joined(problems))
	}
	return p, nil
}

// count returns how many conditions hold.
func count(conditions ...bool) int {
	n := 0
	for _, holds := range conditions {
		if holds {
			n++
		}
	}
	return n
}

// verification reads the capture and the secrets.
func (a *app) verification(ctx context.Context, f *verifyFlags, p contract.Provider) (verification.Case, error) {
	v := verification.Case{Provider: p, EndpointURL: f.url}
	var err error
	if v.Request, err = a.capture(ctx, f, p); err != nil {
		return v, err
	}
	v.Now = a.now()
	if at, _ := parseTime(f.at, a.now()); !at.IsZero() { // checkVerify parsed it
		v.Now = at
	} else if !v.Request.At.IsZero() {
		v.Now = v.Request.At
	}
	for _, name := range f.others {
		text, err := a.read(ctx, "--other-secret-file", name)
		if err != nil {
			return v, err
		}
		v.Others = append(v.Others, verification.Secret{Name: "the file " + name, Text: text})
	}
	switch {
	case f.secretStdin:
		v.Secret, err = a.secretFrom(ctx, stdinFlag, "-")
	case f.secretFile != "":
		v.Secret, err = a.secretFrom(ctx, "--secret-file", f.secretFile)
	case f.secretPrompt:
		v.Secret.Name = "the key"
		v.Secret.Text, err = a.prompt(ctx, "The "+secrets.KeyTitle(p)+" of "+p.Title)
	default:
		err = a.stackSecret(ctx, &v)
	}
	return v, err
}

func (a *app) secretFrom(ctx context.Context, flag, name string) (verification.Secret, error) {
	text, err := a.read(ctx, flag, name)
	if err == nil && strings.TrimSpace(string(text)) == "" {
		err = fmt.Errorf("%s: it is empty", flag)
	}
	return verification.Secret{Name: "the secret of " + flag, Text: text}, err
}

// stackSecret reads the stack's secret, its previous version and the URLs.
func (a *app) stackSecret(ctx context.Context, v *verification.Case) error {
	s, err := a.find(ctx)
	if err != nil {
		return err
	}
	if v.EndpointURL == "" {
		v.EndpointURL, v.APIURL = s.Outputs[v.Provider.Title+"Url"], s.APIURL(v.Provider)
	}
	for _, p := range contract.Providers() {
		v.URLs = append(v.URLs, s.Outputs[p.Title+"Url"])
	}
	v.PayPal = s.AWS.PayPal
	vault := secrets.Open(s, v.Provider)
	version, err := vault.Read(ctx)
	if err == nil && version.ID == "" {
		err = fmt.Errorf("the secret of %s was never filled: paysluice secrets add %[1]s LABEL", v.Provider.Name)
	}
	if err != nil {
		return err
	}
	v.Secret = verification.Secret{Name: "the stack's secret", Text: version.Text}
	before, err := vault.Previous(ctx)
	if _, problem := secrets.Parse(v.Provider, before, v.EndpointURL); problem == nil {
		v.Others = append(v.Others, verification.Secret{Name: "the secret's previous version", Text: before})
	}
	return err
}

// capture reads the captured request.
func (a *app) capture(ctx context.Context, f *verifyFlags, p contract.Provider) (r capture.Request, err error) {
	for _, source := range []struct {
		flag, name string
		read       func([]byte) error
	}{
		{"--header-file", f.header, func(text []byte) error { r.Header, err = capture.Headers(text); return err }},
		{"--body-file", f.body, func(text []byte) error { r.Body = text; return nil }},
		{"--har", f.har, func(text []byte) error { r, err = capture.HAR(text, f.entry, p.SignatureHeaders); return err }},
		{"--curl", f.curl, func(text []byte) error { r, err = capture.Curl(text, os.ReadFile); return err }},
		{"--event", f.event, func(text []byte) error { r, err = capture.Event(text); return err }},
	} {
		if source.name == "" {
			continue
		}
		text, err := a.read(ctx, source.flag, source.name)
		if err != nil {
			return r, err
		}
		if err := source.read(text); err != nil {
			return r, fmt.Errorf("%s: %w", source.flag, err)
		}
	}
	return r, nil
}

// resultFields returns a result's names and texts.
func resultFields(r verification.Result) [][2]string {
	answer := "rejected"
	switch {
	case r.Accepted && r.Reason != "":
		answer = "accepted, and archived instead of stored"
	case r.Accepted:
		answer = "accepted"
	}
	all := [][2]string{{"result", answer}, {"reason", string(r.Reason)}, {"detail", r.Detail}, {"endpoint", r.Endpoint}, {"eventId", r.EventID}}
	if d := r.Diagnosis; d != nil {
		all = append(all, [2]string{"cause", fmt.Sprintf("%s (%s)", d.Cause, d.Certainty)}, [2]string{"finding", d.Finding}, [2]string{"remedy", d.Remedy})
	}
	return slices.DeleteFunc(all, func(field [2]string) bool { return field[1] == "" })
}
