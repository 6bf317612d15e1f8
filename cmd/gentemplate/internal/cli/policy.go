package cli

import (
	"io"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/policy"
)

const policyUsage = `Usage: gentemplate policy [flags] [Parameter=value…]

Prints the least IAM policy for deploying the stack with these parameters, from the
permissions that CloudFormation's handlers declare. Missing names become wildcards.
`

func runPolicy(args []string, stdout io.Writer) error {
	flags := newFlags()
	serviceRole := flags.Bool("service-role", false, "print a template with a role for CloudFormation and a policy for its users instead")
	account := flags.String("account", "*", "`number` of the account")
	region := flags.String("region", "us-east-1", "`name` of the region")
	rest, err := parse(flags, args, policyUsage, stdout)
	if err != nil {
		return err
	}
	t, err := current("")
	var stack *policy.Stack
	if err == nil {
		stack, err = policy.New(t, rest)
	}
	var text []byte
	switch {
	case err != nil:
	case *serviceRole:
		text, err = stack.ServiceRole()
	default:
		text, err = stack.Document(*account, *region)
	}
	if err == nil {
		_, err = stdout.Write(text)
	}
	return err
}
