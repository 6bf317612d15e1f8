package flow_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
)

// marks are in every secret, every signature and every payload that the tests
// send.
func marks() []string { return []string{"marked", "v1="} }

// checkLogs looks for marks in all that the functions have logged. It runs
// after all tests.
func checkLogs(ctx context.Context) error {
	for _, function := range []string{
		contract.AuthorizerName, contract.ProcessorName(contract.Stripe()), contract.ConsumerName,
	} {
		lines, err := stack.Logs(ctx, function)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return fmt.Errorf("%s has logged nothing", function)
		}
		for _, line := range lines {
			for _, mark := range marks() {
				if strings.Contains(line, mark) {
					return fmt.Errorf("%s logs a secret, a signature or a payload, marked by %q: %s", function, mark, line)
				}
			}
		}
	}
	return nil
}
