package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/diff"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/render"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/schema"
	"github.com/paysluice/paysluice/cmd/gentemplate/internal/source"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template"
)

const diffUsage = `Usage: gentemplate diff [flags] OLD [NEW]

Prints what an update of a stack from OLD to NEW does. Each is a file in JSON or YAML,
a git revision with out/stack.json, or REVISION:PATH. NEW defaults to the template that
the code prints now. Exits with 0 if nothing is dangerous, 3 if something is, and 1 if
the templates could not be compared.
`

// pricesFile is the price table, in the repository's root.
const pricesFile = "test/performance/figures.json"

func runDiff(ctx context.Context, args []string, stdout io.Writer) error {
	flags := newFlags()
	format := flags.String("o", "text", "`format`: text, markdown or json")
	limit := flags.Int("limit", render.MaxComment, "length of the Markdown in bytes")
	options := flags.String("options", "", "`file` with the options of a NEW that the code prints, in JSON: Providers and Retired (names), MemoryMB, Tags")
	prices := flags.String("prices", pricesFile, "`file` with the price table")
	rest, err := parse(flags, args, diffUsage, stdout)
	if err != nil {
		return err
	}
	if len(rest) < 1 || len(rest) > 2 {
		return fmt.Errorf("diff takes OLD and perhaps NEW: %w", errUsage)
	}
	old, err := read(ctx, rest[0])
	if err != nil {
		return fmt.Errorf("%s: %w", rest[0], err)
	}
	name, readNew := "NEW", func() (*model.Template, error) { return current(*options) }
	if len(rest) == 2 {
		name, readNew = rest[1], func() (*model.Template, error) { return read(ctx, rest[1]) }
	}
	new, err := readNew()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	table, err := diff.ReadPrices(*prices)
	if err != nil && !(*prices == pricesFile && errors.Is(err, os.ErrNotExist)) {
		return err
	}
	report := diff.Compare(old, new, schema.Load(), table)
	text, err := render.Render(report, *format, *limit)
	if err == nil {
		_, err = io.WriteString(stdout, text)
	}
	if err == nil && report.Dangerous() {
		return errDangerous
	}
	return err
}

func read(ctx context.Context, name string) (*model.Template, error) {
	text, err := source.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return model.Parse(text)
}

// current returns the template that the code prints, with the options of a file.
func current(file string) (*model.Template, error) {
	var o template.Options
	if file != "" {
		var err error
		if o, err = readOptions(file); err != nil {
			return nil, err
		}
	}
	text, err := template.JSON(o)
	if err != nil {
		return nil, err
	}
	return model.Parse(text)
}

// errOptions is wrapped by the errors about a file of options.
var errOptions = errors.New("options")

func readOptions(file string) (o template.Options, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return o, fmt.Errorf("%w: %w", errOptions, err)
	}
	var given struct {
		Providers []string
		Retired   []string
		MemoryMB  map[string]int
		Tags      map[string]string
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return o, fmt.Errorf("%w: %s: %w", errOptions, file, err)
	}
	o.MemoryMB, o.Tags = given.MemoryMB, given.Tags
	known := contract.Providers()
	for list, names := range map[*[]contract.Provider][]string{&o.Providers: given.Providers, &o.Retired: given.Retired} {
		for _, name := range names {
			i := slices.IndexFunc(known, func(p contract.Provider) bool { return p.Name == name })
			if i < 0 {
				return o, fmt.Errorf("%w: %s: no provider is named %q", errOptions, file, name)
			}
			*list = append(*list, known[i])
		}
	}
	return o, nil
}
