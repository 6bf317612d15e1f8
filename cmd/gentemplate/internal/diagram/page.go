package diagram

// Page returns a Markdown page with the diagram of a template.
func Page(stack []byte) ([]byte, error) {
	chart, err := Mermaid(stack)
	if err != nil {
		return nil, err
	}
	return []byte(`# The stack

Drawn from the template itself, by

    go run ./cmd/gentemplate -diagram > docs/stack.md

An arrow is a method's integration, a queue's poller, or what the function's
role allows it to do; a dotted one is an authorizer or a redrive policy. Log
groups and the key, which everything has to do with, are left out.

` + "```mermaid\n" + chart + "```\n"), nil
}
