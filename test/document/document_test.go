package document_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/document"
)

const page = "# Title\n\n<!-- generated: a -->\nold\n<!-- end of generated -->\n\nprose\n"

func TestFill(t *testing.T) {
	for _, row := range []struct {
		why   string
		page  string
		texts map[string]string
		want  string // "" for ErrMarkers
	}{
		{"prose stays, what is generated is replaced", page, map[string]string{"a": "new\n"},
			"# Title\n\n<!-- generated: a -->\nnew\n<!-- end of generated -->\n\nprose\n"},
		{"a dollar is no reference to a group", page, map[string]string{"a": "$1\n"},
			"# Title\n\n<!-- generated: a -->\n$1\n<!-- end of generated -->\n\nprose\n"},
		{"a table that the page forgot would never be seen", page, map[string]string{"a": "", "b": ""}, ""},
		{"a place that nothing fills would go stale", page, nil, ""},
		{"of two places one might be meant for something else", page + page, map[string]string{"a": ""}, ""},
	} {
		t.Run(row.why, func(t *testing.T) {
			got, err := document.Fill(row.page, row.texts)
			if row.want == "" {
				require.ErrorIs(t, err, document.ErrMarkers)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.want, got)
		})
	}
}

func TestUpdateLeavesPartsWithoutAText(t *testing.T) {
	two := page + "<!-- generated: b -->\nold\n<!-- end of generated -->\n"

	got, err := document.Update(two, map[string]string{"b": "new\n"})

	require.NoError(t, err)
	assert.Equal(t, page+"<!-- generated: b -->\nnew\n<!-- end of generated -->\n", got)
	_, err = document.Update(two, map[string]string{"c": ""})
	require.ErrorIs(t, err, document.ErrMarkers)
}

func TestWriteMakesAPageCurrent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(file, []byte(page), 0o600))
	texts := map[string]string{"a": "one\ntwo\n"}

	stale, err := document.Stale(file, texts)
	require.NoError(t, err)
	assert.Contains(t, stale, "line 4 is\n\told\nand should be\n\tone")

	require.NoError(t, document.Write(file, texts))
	stale, err = document.Stale(file, texts)
	require.NoError(t, err)
	assert.Empty(t, stale)
}

func TestTable(t *testing.T) {
	assert.Equal(t, "| a | b | c |\n| --- | ---: | --- |\n| 1 | 2 | 3 |\n",
		document.Table([]string{"a", "b", "c "}, [][]string{{"1", "2", "3"}}))
}

func TestNumbers(t *testing.T) {
	for _, row := range []struct{ why, got, want string }{
		{"cents", document.Dollars(3.5), "$3.50"},
		{"half a cent is rounded up", document.Dollars(0.625), "$0.63"},
		{"two digits of what is less than ten cents", document.Dollars(0.0123), "$0.012"},
		{"of very little, too", document.Dollars(0.000456), "$0.00046"},
		{"nothing", document.Dollars(0), "$0.00"},
		{"thousands", document.Dollars(1234567.891), "$1,234,567.89"},
		{"what is saved", document.Dollars(-1), "−$1.00"},
		{"no decimals", document.Number(100000, 0), "100,000"},
		{"three digits need no comma", document.Number(999, 1), "999.0"},
	} {
		t.Run(row.why, func(t *testing.T) { assert.Equal(t, row.want, row.got) })
	}
}
