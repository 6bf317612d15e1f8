package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/stack"
	"github.com/paysluice/paysluice/handlers/contract"
)

// deployment is a deployment of the local template and functions.
type deployment struct {
	suffix, bucket, version, template string
	makeBucket, dry, archGiven        bool
	set                               []string
	packaging                         packaging
	parameters                        map[string]string
}

func (a *app) deploy() *cobra.Command {
	d := deployment{packaging: packaging{binaries: contract.Binaries(), arch: arm64, progress: a.err}}
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Build, upload and deploy with the aws command",
		Long: `Build the functions, upload their zips and deploy the template. These are the
commands of docs/deploying.md, each printed before it runs. The first deployment
needs --suffix and --bucket. Later ones keep the parameters that are not given.
--code-version deploys an earlier build, for example to roll back.`,
		Example: `  paysluice deploy --suffix prod --bucket my-code-bucket --make-bucket --set ManageApiGatewayAccount=true
  paysluice deploy --dry-run
  paysluice deploy --code-version 0a1b2c3d4e5f60718293`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d.archGiven = c.Flags().Changed("arch")
			return a.runDeploy(c.Context(), d)
		},
	}
	flags := c.Flags()
	flags.StringVar(&d.suffix, "suffix", "", "`suffix` of all names, the parameter EnvironmentSuffix")
	flags.StringVar(&d.bucket, "bucket", "", "`bucket` for the zips, the parameter CodeBucket")
	flags.BoolVar(&d.makeBucket, "make-bucket", false, "create the bucket first")
	flags.StringVar(&d.version, "code-version", "", "deploy the build of this `version` instead of a new one")
	flags.StringVar(&d.template, "template", filepath.Join("out", "stack.json"), "template `file`")
	flags.StringVar(&d.packaging.out, "out", "out", "`folder` of the builds")
	flags.TextVar(&d.packaging.arch, "arch", arm64, "`architecture` of the functions: arm64 or x86_64")
	flags.StringArrayVar(&d.set, "set", nil, "`Parameter=value` of the template; may be repeated")
	flags.BoolVar(&d.dry, "dry-run", false, "print the commands and run nothing")
	return c
}

// versionPlaceholder is the code version in the commands of --dry-run.
const versionPlaceholder = "$version"

func (a *app) runDeploy(ctx context.Context, d deployment) error {
	if a.options.Local {
		return usagef("the local stack is deployed by make up")
	}
	if err := d.check(); err != nil {
		return err
	}
	if a.name == "" && d.suffix != "" {
		a.name = "paysluice-" + d.suffix
	}
	s, err := a.findAny(ctx)
	switch {
	case errors.Is(err, stack.ErrNotFound) && (d.suffix == "" || d.bucket == ""):
		return usagef("%w. A first deployment needs --suffix and --bucket", err)
	case err == nil && d.suffix != "" && s.Suffix() != "" && d.suffix != s.Suffix():
		return usagef("the stack %s has the suffix %s, not %s: another suffix would replace its resources and lose their data. "+
			"Leave --suffix out, or choose another --stack", s.Name, s.Suffix(), d.suffix)
	case err == nil:
		a.name = s.Name
		if d.bucket == "" {
			d.bucket = s.Parameters["CodeBucket"]
		}
		if !d.archGiven {
			d.packaging.arch = architecture(s.Parameters["Architecture"])
		}
	case !errors.Is(err, stack.ErrNotFound):
		return err
	}
	if err := d.checkZips(); err != nil {
		return err
	}
	if d.version == "" && d.dry {
		d.version = versionPlaceholder
		fmt.Fprintf(a.err, "+ version=$(paysluice package --out %s --arch %s)\n", d.packaging.out, d.packaging.arch)
	} else if d.version == "" {
		if d.version, err = d.packaging.build(ctx); err != nil {
			return err
		}
	}
	for _, command := range d.commands(a.name) {
		if err := a.runAWS(ctx, d.dry, a.out, command...); err != nil {
			return err
		}
	}
	if !d.dry {
		fmt.Fprintln(a.err, "register the URLs and fill the secrets (docs/secrets.md); paysluice doctor checks the rest")
	}
	return nil
}

// check reads the template and checks the parameters.
func (d *deployment) check() error {
	text, err := os.ReadFile(d.template)
	if err != nil {
		return usagef("--template: %w: run this in the root folder of paysluice's sources", err)
	}
	var template struct{ Parameters map[string]any }
	if err := json.Unmarshal(text, &template); err != nil {
		return usagef("--template %s is no template: %w", d.template, err)
	}
	d.parameters = map[string]string{}
	for _, setting := range d.set {
		name, value, ok := strings.Cut(setting, "=")
		if _, known := template.Parameters[name]; !ok || !known {
			return usagef("--set %s: must be Parameter=value with a parameter of %s: %s", setting, d.template,
				strings.Join(slices.Sorted(maps.Keys(template.Parameters)), ", "))
		}
		flags := map[string]string{"Architecture": "--arch", "CodeBucket": "--bucket", "CodeVersion": "--code-version", "EnvironmentSuffix": "--suffix"}
		if flag := flags[name]; flag != "" {
			return usagef("--set %s: use %s, which also chooses what is uploaded", setting, flag)
		}
		d.parameters[name] = value
	}
	return nil
}

// checkZips checks that an earlier build is there for the architecture.
func (d *deployment) checkZips() error {
	if d.version == "" {
		return nil
	}
	for _, name := range d.packaging.binaries {
		if _, err := os.Stat(filepath.Join(d.packaging.out, d.version, zipName(name, d.packaging.arch))); err != nil {
			return usagef("--code-version: %w: choose a build in %s that is for %s", err, d.packaging.out, d.packaging.arch)
		}
	}
	return nil
}

// commands returns the commands of docs/deploying.md.
func (d *deployment) commands(name string) [][]string {
	parameters := map[string]string{"CodeBucket": d.bucket, "CodeVersion": d.version, "Architecture": string(d.packaging.arch)}
	if d.suffix != "" {
		parameters["EnvironmentSuffix"] = d.suffix
	}
	maps.Copy(parameters, d.parameters)
	deploy := []string{
		"cloudformation", "deploy", "--stack-name", name, "--template-file", d.template, "--s3-bucket", d.bucket,
		"--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides",
	}
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		deploy = append(deploy, key+"="+parameters[key])
	}
	var all [][]string
	if d.makeBucket {
		all = append(all, []string{"s3", "mb", "s3://" + d.bucket})
	}
	return append(all,
		[]string{"s3", "cp", "--recursive", "--only-show-errors", filepath.Join(d.packaging.out, d.version), "s3://" + d.bucket + "/" + d.version},
		deploy,
		[]string{"cloudformation", "describe-stacks", "--stack-name", name, "--query", "Stacks[0].Outputs[].[OutputKey,OutputValue]", "--output", "text"},
	)
}
