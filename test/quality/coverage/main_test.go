package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// covered is a module that passes the gate.
func covered() map[string]string {
	return map[string]string{
		"go.mod":            "module m\n\ngo 1.26.0\n",
		"a/a.go":            "package a\n\nfunc Double(x int) int {\n\treturn 2 * x\n}\n",
		"a/a_test.go":       "package a\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tif Double(1) != 2 {\n\t\tt.Fatal(\"not two\")\n\t}\n}\n",
		"cmd/x/main.go":     "package main\n\nimport \"m/a\"\n\nfunc main() {\n\tprintln(a.Double(1))\n}\n",
		"test/help/help.go": "package help\n\nfunc Help() { println() }\n",
		"test/quality/mains/mains_test.go": `package mains

import (
	"os"
	"os/exec"
	"testing"
)

func TestMains(t *testing.T) {
	binary := t.TempDir() + "/x"
	if out, err := exec.Command("go", "build", "-cover", "-coverpkg=m/cmd/x", "-o", binary, "m/cmd/x").CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+os.Getenv("PAYSLUICE_COVERDIR"))
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
}
`,
	}
}

func TestGate(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes map[string]string
		is      error
		says    string
	}{
		{
			name: "everything is covered; test/ does not count",
			says: "\nstatement coverage: 100.0 % of 2 statements in 2 packages\n",
		},
		{
			name:    "a branch that no test takes",
			changes: map[string]string{"a/b.go": "package a\n\nfunc Half(x int) int {\n\tif x > 0 {\n\t\treturn x / 2\n\t}\n\treturn 0\n}\n\nvar _ = Half(0)\n"},
			is:      errUncovered,
			says:    "\na/b.go:4: not covered\nstatement coverage: 80.0 % of 5 statements in 2 packages\n",
		},
		{
			name:    "covered by the tests of another package only",
			changes: map[string]string{"b/b.go": "package b\n\nfunc One() int { return 1 }\n", "a/b_test.go": "package a\n\nimport \"m/b\"\n\nvar _ = b.One()\n"},
			is:      errUncovered,
			says:    "\nb/b.go:3: not covered\n",
		},
		{
			name:    "hidden behind a build constraint",
			changes: map[string]string{"b/b.go": "//go:build never\n\npackage b\n\nfunc One() int { return 1 }\n"},
			is:      errUncovered,
			says:    "\nb/b.go: in no coverage profile",
		},
		{
			name:    "a main that no test runs",
			changes: map[string]string{"cmd/y/main.go": "package main\n\nfunc main() { println() }\n"},
			is:      errUncovered,
			says:    "\ncmd/y/main.go:3: not covered\n",
		},
		{
			name:    "a unit test fails: its own words are shown",
			changes: map[string]string{"a/a.go": "package a\n\nfunc Double(x int) int { return x }\n"},
			is:      errTests,
			says:    "a_test.go:7: not two",
		},
		{
			name:    "a test of the mains fails",
			changes: map[string]string{"cmd/x/main.go": "package main\n\nfunc main() { panic(1) }\n"},
			is:      errTests,
			says:    "exit status 2",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, files := range []map[string]string{covered(), test.changes} {
				for name, content := range files {
					path := filepath.Join(dir, filepath.FromSlash(name))
					require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
					require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
				}
			}
			var stdout, stderr bytes.Buffer
			err := gate(t.Context(), dir, &stdout, &stderr)
			require.ErrorIs(t, err, test.is, "%s%s", &stdout, &stderr)
			assert.Contains(t, stdout.String(), test.says)
		})
	}
}

func TestGateOutsideAModule(t *testing.T) {
	var stdout, stderr bytes.Buffer
	assert.ErrorIs(t, gate(t.Context(), t.TempDir(), &stdout, &stderr), errNoModule)
}
