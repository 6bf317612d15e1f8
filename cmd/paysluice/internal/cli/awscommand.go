package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Errors of aws commands.
var (
	errNoAWS     = errors.New("no aws command on the PATH: install the AWS CLI (https://docs.aws.amazon.com/cli/)")
	errAWSFailed = errors.New("the aws command failed; its message is above")
)

// interruptGrace is how long an interrupted aws command may take to end.
const interruptGrace = 5 * time.Second

// runAWS prints an aws command on stderr and runs it, unless dry is set. Its output
// goes to out.
func (a *app) runAWS(ctx context.Context, dry bool, out io.Writer, args ...string) error {
	for _, flag := range [][2]string{{"--region", a.options.Region}, {"--profile", a.options.Profile}, {"--endpoint-url", a.options.Endpoint}} {
		if flag[1] != "" {
			args = append(args, flag[0], flag[1])
		}
	}
	fmt.Fprintf(a.err, "+ aws %s\n", shell(args))
	if dry {
		return nil
	}
	cmd := exec.CommandContext(ctx, "aws", args...)
	cmd.Stdout, cmd.Stderr = out, a.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errNoAWS
	case err != nil:
		return fmt.Errorf("%w: aws %s: %w", errAWSFailed, strings.Join(args[:2], " "), err)
	}
	return nil
}

// shell returns words as a POSIX shell reads them.
func shell(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if strings.Contains(word, versionPlaceholder) {
			quoted[i] = `"` + word + `"`
		} else if word == "" || strings.ContainsAny(word, " \t\n'\"$&|;<>()*?[]{}`\\#~!") {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
