package flow_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// checkLogs looks for secrets, payloads and signatures in all that the
// functions have logged. It runs after all tests.
func checkLogs(ctx context.Context) error {
	functions := []string{contract.AuthorizerName, contract.ConsumerName, contract.ArchiverName}
	for _, p := range contract.Providers() {
		functions = append(functions, contract.ProcessorName(p))
	}
	// A payload travels as base64, in which its mark has one of three forms.
	secret := append([]string{senders.Mark, "bWFya2Vk", "1hcmtlZ", "tYXJrZW"}, signatures.items...)
	for _, function := range functions {
		lines, err := stack.Logs(ctx, function)
		if err != nil {
			return err
		}
		log := strings.Join(lines, "\n")
		for _, text := range secret {
			if text != "" && strings.Contains(log, text) {
				return fmt.Errorf("%s logs a secret, a payload or a signature: %q", function, text)
			}
		}
	}
	return nil
}
