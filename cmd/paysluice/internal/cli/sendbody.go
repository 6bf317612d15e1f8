package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/fixture"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/webhook"
	"github.com/paysluice/paysluice/handlers/contract"
)

// bodyFlags say which bodies are sent.
type bodyFlags struct {
	typ        string
	seed       uint64
	file       string
	set, unset []string
	edit       bool
}

// maxBody bounds --file: API Gateway takes no more (docs/scaling.md).
const maxBody = 10 << 20

// maker makes the next body. live is the mode of Stripe's events.
type maker func(ctx context.Context, live bool) ([]byte, error)

// bodies returns the maker of the bodies that the flags ask for.
func (a *app) bodies(f *sendFlags, p contract.Provider) (maker, error) {
	if f.file != "" {
		catalog, err := fixture.Load(p.Name)
		if err != nil {
			return nil, err
		}
		fixed, err := readBody(f.file)
		if err == nil && len(f.set)+len(f.unset) > 0 {
			fixed, err = fixture.Change(fixed, catalog.Indent, f.set, f.unset)
		}
		return a.edited(f, func(context.Context, bool) ([]byte, error) { return fixed, nil }), inFlags(err)
	}
	body := webhook.Body{Provider: p, Type: f.typ, Seed: f.seed - 1, Set: f.set, Unset: f.unset}
	return a.edited(f, func(_ context.Context, live bool) ([]byte, error) {
		body.Seed++
		text, err := body.Make(live, a.now())
		return text, inFlags(err)
	}), nil
}

// inFlags makes a mistake in a path one of the command line.
func inFlags(err error) error {
	if errors.Is(err, fixture.ErrPath) {
		return usagef("--set or --unset: %w", err)
	}
	return err
}

// edited opens the editor with --edit. All bodies are then the one that was saved.
func (a *app) edited(f *sendFlags, next maker) maker {
	var saved []byte
	return func(ctx context.Context, live bool) ([]byte, error) {
		if saved != nil {
			return saved, nil
		}
		body, err := next(ctx, live)
		if err == nil && f.edit {
			body, err = a.openEditor(ctx, body)
			saved = body
		}
		return body, err
	}
}

func readBody(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBody+1))
	if err == nil && len(text) > maxBody {
		err = fmt.Errorf("more than %d MB, the most that API Gateway takes", maxBody>>20)
	}
	return text, err
}

// openEditor lets the user edit a body and returns it as it was saved. A text that is
// not JSON stays in a file.
func (a *app) openEditor(ctx context.Context, body []byte) ([]byte, error) {
	editor := os.Getenv("EDITOR")
	if editor == "" {
		return nil, usagef("--edit needs the variable EDITOR, for example EDITOR=nano")
	}
	b, err := fixture.Parse(body)
	if err != nil {
		return nil, err
	}
	name, err := writeTemp(append(b.Bytes("  "), '\n'))
	if err != nil {
		return nil, err
	}
	// EDITOR may contain options, so a shell reads it, as git's does.
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$1"`, "sh", name)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.err, a.err
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("EDITOR %q: %w; the body is in %s", editor, err, name)
	}
	saved, err := readBody(name)
	if err == nil {
		_, err = fixture.Parse(saved)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; nothing was sent. Correct %s and send it with --file", err, name)
	}
	return saved, os.Remove(name)
}

// writeTemp writes a new file that an editor recognises as JSON.
func writeTemp(text []byte) (name string, err error) {
	f, err := os.CreateTemp("", "webhook-*.json")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	return f.Name(), errors.Join(err, f.Close())
}
