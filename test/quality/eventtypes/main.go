// Command eventtypes renews the lists of event types from the newest SDKs of
// Stripe and Square, which npm downloads. A new type is added with the category
// other and a comment to look at. It prints which types are new and which no SDK
// has any more. make event-types runs it.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// sdk is an npm package whose declarations name a provider's event types.
type sdk struct {
	provider, pkg string
	// types returns the event types that a file of the package declares.
	types func(name, text string) []string
}

func sdks() []sdk { return []sdk{{"stripe", "stripe", stripeTypes}, {"square", "square", squareTypes}} }

func main() {
	for _, s := range sdks() {
		if err := s.renew(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", s.provider, err)
			os.Exit(1)
		}
	}
	fmt.Printf("paypal: no SDK has its event types: compare %s with the pages that it names\n", list("paypal"))
}

func list(provider string) string {
	return filepath.Join("handlers", "provider", provider, "testdata", "event_types.txt")
}

// renew compares a provider's list with its SDK, adds what is new and prints both
// differences.
func (s sdk) renew() error {
	dir, err := os.MkdirTemp("", "eventtypes")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pack := exec.Command("npm", "pack", "--silent", s.pkg+"@latest")
	pack.Dir, pack.Stderr = dir, os.Stderr
	out, err := pack.Output()
	if err != nil {
		return fmt.Errorf("npm pack: %w", err)
	}
	archive := strings.TrimSpace(string(out))
	content, err := os.ReadFile(filepath.Join(dir, archive))
	if err != nil {
		return err
	}
	types, err := s.read(content)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	old, err := os.ReadFile(list(s.provider))
	if err != nil {
		return err
	}
	added, missing := compare(string(old), types)
	fmt.Printf("%s: %d types in %s, %d new, %d disappeared\n", s.provider, len(types), archive, len(added), len(missing))
	for _, typ := range added {
		fmt.Println("  new:", typ)
	}
	for _, typ := range missing {
		fmt.Println("  disappeared:", typ)
	}
	if len(added) == 0 {
		return nil
	}
	return os.WriteFile(list(s.provider), []byte(add(string(old), archive, added)), 0o644)
}

var errNoTypes = errors.New("no event types: the SDK has them elsewhere now")

// read returns the sorted event types of a package's archive.
func (s sdk) read(archive []byte) ([]string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	types := map[string]bool{}
	for files := tar.NewReader(unzipped); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return nil, err
		}
		for _, typ := range s.types(file.Name, string(text)) {
			types[typ] = true
		}
	}
	if len(types) == 0 {
		return nil, errNoTypes
	}
	return slices.Sorted(maps.Keys(types)), nil
}

// stripeTypes reads resources/Events.d.ts and resources/V2/Core/Events.d.ts, where
// each event has its own interface.
func stripeTypes(name, text string) []string {
	if path.Base(name) != "Events.d.ts" {
		return nil
	}
	return submatches(`(?m)^\s*type: '([a-z0-9_]+\.[^']+)'`, text)
}

// squareTypes reads the interface of an event. The comment of "type" has the
// type; where it has none, the interface's name is its words.
func squareTypes(name, text string) []string {
	event, found := strings.CutSuffix(path.Base(name), "Event.d.ts")
	if !found || path.Base(path.Dir(name)) != "types" {
		return nil
	}
	if types := submatches("/\\*\\* The type of (?:this )?event[^/]*?[`\"]([a-z_]+(?:\\.[a-z_]+)+)[`\"][^/]*\\*/\\s*type\\?", text); len(types) > 0 {
		return types
	}
	if event == "" || !strings.Contains(text, "/** The type of event this represents. */") {
		return nil
	}
	words := regexp.MustCompile(`[A-Z][a-z]*`).FindAllString(event, -1)
	return []string{strings.ToLower(strings.Join(words, "."))}
}

func submatches(pattern, text string) []string {
	var all []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

// byHand is the comment before the types that no SDK has. They end the list.
const byHand = "#\n# By hand."

// compare returns the types of an SDK that a list lacks, and those of the list
// that the SDK lacks. A thin twin "v1.A" of a snapshot event "A" has its row.
func compare(list string, types []string) (added, missing []string) {
	compared, _, _ := strings.Cut(list, byHand)
	listed, all := rows(compared), rows(list)
	for _, typ := range types {
		if !slices.Contains(all, typ) && !slices.Contains(all, strings.TrimPrefix(typ, "v1.")) {
			added = append(added, typ)
		}
	}
	for _, typ := range listed {
		if !slices.Contains(types, typ) {
			missing = append(missing, typ)
		}
	}
	return added, missing
}

// rows returns the sorted types of a list, each once.
func rows(list string) []string {
	all := submatches(`(?m)^([^#\s]+) `, list)
	slices.Sort(all)
	return slices.Compact(all)
}

// add returns the list with new types before those that were added by hand.
func add(list, archive string, types []string) string {
	marked := "#\n# New in " + archive + ": give each its category and its place.\n"
	for _, typ := range types {
		marked += typ + " other\n"
	}
	before, after, found := strings.Cut(list, byHand)
	if !found {
		return list + marked
	}
	return before + marked + byHand + after
}
