package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
)

func stackChecks() []check[*Doctor] {
	return []check[*Doctor]{
		{"stack", "the stack's status in CloudFormation", (*Doctor).checkStatus},
		{"template", "the deployed template and the local one", (*Doctor).checkTemplate},
		{"protection", "the stack's termination protection", (*Doctor).checkProtection},
	}
}

func (d *Doctor) checkStatus(context.Context) ([]Finding, error) {
	s := d.stack.Status
	if slices.Contains([]string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}, s) {
		return nil, nil
	}
	f := Finding{Warning, d.stack.Name, "has the status " + s, "The last update was undone; the version before it runs.",
		d.aws("cloudformation describe-stack-events --stack-name %s", d.stack.Name) + " says why"}
	switch {
	case strings.HasSuffix(s, "_IN_PROGRESS"):
		f.Means, f.Do = "CloudFormation is changing the stack.", "run paysluice doctor again when it is done"
	case strings.HasSuffix(s, "_FAILED"), s == "ROLLBACK_COMPLETE":
		f.Severity, f.Means = Error, "CloudFormation could not finish; resources may be missing."
	}
	return []Finding{f}, nil
}

func (d *Doctor) checkProtection(context.Context) ([]Finding, error) {
	switch {
	case d.stack.Protected:
		return nil, nil
	case d.stack.AWS.Local:
		return nil, skipped("a local stack is made to be deleted")
	}
	return []Finding{{Warning, d.stack.Name, "has no termination protection",
		"One call of DeleteStack deletes all events, the archive and the secrets.",
		d.aws("cloudformation update-termination-protection --enable-termination-protection --stack-name %s", d.stack.Name)}}, nil
}

// checkTemplate compares the deployed template with the local one.
func (d *Doctor) checkTemplate(context.Context) ([]Finding, error) {
	local, err := os.ReadFile(d.templateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, skipped("there is no " + d.templateFile + " here")
	}
	if err != nil {
		return nil, err
	}
	var want map[string]any
	if err := json.Unmarshal(local, &want); err != nil {
		return nil, fmt.Errorf("%s is no template: %w", d.templateFile, err)
	}
	have, err := d.deployed()
	if err != nil {
		return nil, err
	}
	changed := changes(want, have.document)
	if len(changed) == 0 {
		return nil, nil
	}
	return []Finding{{Warning, d.stack.Name, "was deployed from another template than " + d.templateFile + ": " + strings.Join(changed, ", "),
		"The stack is older or newer than these sources.",
		"go run ./cmd/gentemplate diff shows what an update would change; then deploy, docs/deploying.md"}}, nil
}

// manyChanges is the number of changes that a finding lists.
const manyChanges = 6

// changes returns the entries of all sections that differ, at most manyChanges.
func changes(want, have map[string]any) []string {
	var all []string
	for _, section := range names(want, have) {
		w, isObject := want[section].(map[string]any)
		h, isToo := have[section].(map[string]any)
		if !isObject && !isToo {
			if !reflect.DeepEqual(want[section], have[section]) {
				all = append(all, section+" differs")
			}
			continue
		}
		for _, id := range names(w, h) {
			_, wanted := w[id]
			_, exists := h[id]
			switch {
			case !exists:
				all = append(all, id+" is not deployed")
			case !wanted:
				all = append(all, id+" is only deployed")
			case !reflect.DeepEqual(w[id], h[id]):
				all = append(all, id+" differs")
			}
		}
	}
	if more := len(all) - manyChanges; more > 0 {
		all = append(all[:manyChanges], fmt.Sprintf("%d more", more))
	}
	return all
}

// names returns the names of the members of two objects, sorted.
func names(a, b map[string]any) []string {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]any{}
	}
	maps.Copy(both, b)
	return slices.Sorted(maps.Keys(both))
}
