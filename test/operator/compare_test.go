package operator_test

import (
	"cmp"
	"flag"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the output of commands without one into the played page")

var eventIDs = regexp.MustCompile(`evt_[A-Za-z0-9]+`)

// wrapped begins the lines of a text after its first.
const wrapped = "         "

// masks hides what differs between runs.
func masks(line string) string {
	for _, mask := range []struct{ pattern, with string }{
		{`https?://\S*/(webhook-)`, "https://…/$1"},
		{`https://\w+\.execute-api`, "https://API.execute-api"},
		{`[0-9a-f]{8}-[0-9a-f-]{27}`, "ID"},
		{`(evt|ch|pi|py|ed)_\w+(-[0-9a-f]{16})?`, "ID"},
		{`20\d{6}T\d{6}Z(-\w+)?`, "RUN"},
		{`never|20\d\d[-/]\d\d[-/]\d\d(T[\d:.]+Z?|\s+\d\d:\d\d:\d\d(\.\d+)?)?`, "TIME"},
		{`\b(\d+m)?[\d.]+m?s\b`, "GAP"},
		{`, oldest \d+ (s|min|h|d)\b|, \d+ a second$`, ""},
		{`\b[A-Z]{3}\b`, "CURRENCY"},
		{`none|\d+ (s|min|h|d)( ago)?\b`, "AGE"},
		{`-(operator|prod|local|compared)\b`, "-SUFFIX"},
		{`\d+`, "N"},
		{`([:,]) (["{\[N])`, "$1$2"}, // the emulator writes JSON with spaces
		{`\s+`, " "},
	} {
		line = regexp.MustCompile(mask.pattern).ReplaceAllString(line, mask.with)
	}
	return strings.TrimSpace(line)
}

// compare looks for the lines of a page in the output, and returns what the page shows.
// shown has the ids of the page by those of the output.
func (p player) compare(where, want, got string, shown map[string]string) string {
	if want == "" && *update {
		want = strings.TrimSpace(got)
		for old, with := range p.replace {
			want = strings.ReplaceAll(want, cmp.Or(with, old), old)
		}
	}
	whole := func(rest []string) {
		assert.False(p.t, len(rest) > 0 && strings.HasPrefix(rest[0], wrapped), "%s: a text breaks off before: %s", where, rest)
	}
	rest := strings.Split(got, "\n")
	for line := range strings.SplitSeq(want, "\n") {
		at := slices.IndexFunc(rest, func(printed string) bool { return masks(printed) == masks(line) })
		if !assert.GreaterOrEqual(p.t, at, 0, "%s: it does not print, or not at this place: %s\n%s", where, line, got) {
			continue
		}
		if at > 0 {
			whole(rest)
		}
		ids, printed := eventIDs.FindAllString(line, -1), eventIDs.FindAllString(rest[at], -1)
		require.Len(p.t, printed, len(ids), "%s: %s", where, line)
		for i, id := range printed {
			assert.Equal(p.t, cmp.Or(shown[id], ids[i]), ids[i], "%s: %s has two ids", where, id)
			shown[id] = ids[i]
		}
		rest = rest[at+1:]
	}
	whole(rest)
	assert.NotEmpty(p.t, want, "%s: the page has no output: run the test with -update, or use a block of sh", where)
	return want
}
