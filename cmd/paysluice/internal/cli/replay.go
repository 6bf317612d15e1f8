package cli

import (
	"context"
	"fmt"
	"strings"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
)

const (
	// defaultRate is a fraction of what the consumer and an on-demand table
	// handle besides their usual load.
	defaultRate = 50
	// defaultRegion is used when the environment names no region.
	defaultRegion = "us-east-1"
)

func (a *app) replay() *cobra.Command {
	var (
		bucketName, queueURL string
		r                    = replay.Replay{Providers: all.All(all.Settings{}), Sent: a.out, Skipped: a.err}
	)
	c := &cobra.Command{
		Use:   "replay",
		Short: "Send archived events to the queue again; it is safe to repeat",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.runReplay(c.Context(), bucketName, queueURL, r)
		},
	}
	flags := c.Flags()
	flags.StringVar(&bucketName, "bucket", "", "`name` of the bucket: the stack's output BucketName")
	flags.StringVar(&queueURL, "queue", "", "`URL` of the queue: the stack's output QueueUrl")
	flags.StringVar(&r.Prefix, "prefix", "", "`prefix` of the archived messages: stripe/ or stripe/2026/03/01/")
	flags.StringVar(&r.After, "after", "", "resume after this `key`, which an interrupted replay prints")
	flags.IntVar(&r.Rate, "rate", defaultRate, fmt.Sprintf("`messages` a second at most, 1 to %d", replay.MaxRate))
	flags.BoolVar(&r.DryRun, "dry-run", false, "print the keys of the messages that would be sent, and send none")
	flags.BoolVar(&r.OtherMode, "other-mode", false, "also send events archived as other_mode, when the environment in the secret was wrong")
	flags.BoolVar(&r.Conflicts, "conflicts", false, "also send conflicts, for rows that were removed from the table on purpose")
	return c
}

func (a *app) runReplay(ctx context.Context, bucketName, queueURL string, r replay.Replay) error {
	if err := checkReplay(bucketName, queueURL, r); err != nil {
		return err
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithDefaultRegion(defaultRegion))
	if err != nil {
		return fmt.Errorf("AWS configuration: %w", err)
	}
	r.Archive = bucket.NewArchive(s3.NewFromConfig(aws), bucketName)
	r.Queue = queue.NewSender(sqs.NewFromConfig(aws), queueURL, replay.SendTimeout)

	done, err := r.Run(ctx)
	if err == nil && done.Last == "" && done.Skipped == 0 {
		return fmt.Errorf("no archived message has the prefix %q: use a provider's name, for example stripe/2026/03/01/", r.Prefix)
	}
	fmt.Fprintf(a.err, "%d %s, %d skipped\n", done.Sent, verb(r.DryRun), done.Skipped)
	if err != nil && done.Last != "" {
		fmt.Fprintf(a.err, "to resume: --after '%s'\n", done.Last)
	}
	return err
}

func verb(dryRun bool) string {
	if dryRun {
		return "would be sent"
	}
	return "sent"
}

// checkReplay reports all invalid flags at once.
func checkReplay(bucketName, queueURL string, r replay.Replay) error {
	var problems []string
	for _, flag := range []struct{ name, value string }{
		{"--bucket", bucketName}, {"--queue", queueURL}, {"--prefix", r.Prefix},
	} {
		if flag.value == "" {
			problems = append(problems, flag.name+" is missing")
		}
	}
	if strings.HasPrefix(r.Prefix, contract.OversizePrefix) {
		problems = append(problems, "--prefix selects large payloads, not archived messages")
	}
	if r.Rate < 1 || r.Rate > replay.MaxRate {
		problems = append(problems, fmt.Sprintf("--rate must be 1 to %d", replay.MaxRate))
	}
	if len(problems) == 0 {
		return nil
	}
	return usagef("%s", strings.Join(problems, "; "))
}
