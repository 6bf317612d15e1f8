package docs

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// shellLine begins a line that somebody would paste into a terminal.
var shellLine = regexp.MustCompile(`^(\$ )?(paysluice|aws|curl|echo|cat|cd|export|npm|\./|\.cache/|make [a-z]|git [a-z]|go (build|doc|install|run|test|tool|vet) |\w+=\$\()`)

// Commands are in blocks that a test plays: ```console with prompts and output, or ```sh
// without either. test/operator/player_test.go plays them.
func TestCommandBlocksArePlayed(t *testing.T) {
	tests := sources(t)
	for name, page := range pages(t) {
		if name != "README.md" && !strings.HasPrefix(name, "docs/") {
			continue
		}
		played := `.play(t, "` + name + `", `
		cli := strings.HasPrefix(name, "docs/cli/") // generated
		if cli {
			played = `.play(t, "docs/cli/"+`
		}
		var found []string
		fenced, kind, begun := false, "", false // kind is a fence's info string
		for line := range strings.Lines(page) {
			switch info, isFence := strings.CutPrefix(strings.TrimSpace(line), "```"); {
			case isFence:
				fenced, kind, begun = !fenced, info, true
			case fenced && (kind == "console" || kind == "sh"):
				if begun && strings.HasPrefix(line, "$ ") != (kind == "console") {
					found = append(found, "it is a block of console if and only if its first line has a prompt: "+line)
				}
				if !strings.Contains(tests, played) {
					found = append(found, "no test plays it: "+line)
				}
				begun = false
			case cli && fenced && kind == "": // a synopsis, or flags
			case (fenced || strings.HasPrefix(line, "    ")) && shellLine.MatchString(strings.TrimSpace(line)):
				found = append(found, "it is in a block that no test plays: "+line)
			}
		}
		assert.Empty(t, found, name)
	}
}
