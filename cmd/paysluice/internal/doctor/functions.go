package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func functionChecks() []check[*Doctor] {
	return []check[*Doctor]{
		{"functions", "the functions' settings", (*Doctor).checkFunctions},
		{"reserved", "the functions' reserved concurrency", (*Doctor).checkReserved},
		{"code", "the functions' code and the local build", (*Doctor).checkCode},
	}
}

// each calls do for each function of the stack, and returns a finding for those that
// do not exist.
func (d *Doctor) each(ctx context.Context, do func(resource, *lambda.GetFunctionConfigurationOutput)) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::Lambda::Function") {
		out, err := d.functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &r.physical})
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			found = append(found, d.missing(r))
			continue
		}
		if err != nil {
			return found, err
		}
		do(r, out)
	}
	return found, nil
}

func (d *Doctor) checkFunctions(ctx context.Context) ([]Finding, error) {
	var found []Finding
	missing, err := d.each(ctx, func(r resource, out *lambda.GetFunctionConfigurationOutput) {
		want := without(r.properties, "Code", "ReservedConcurrentExecutions", "Tags")
		if d.emulated() { // MiniStack keeps no key
			want = without(want, "KmsKeyArn")
		}
		found = append(found, drift(r.physical, want, asJSON(out), "The function may fail, or behave differently from its sources.")...)
		if out.State != types.StateActive && out.State != types.StateInactive {
			found = append(found, Finding{Error, r.physical, fmt.Sprintf("is %s: %s", out.State, aws.ToString(out.StateReason)),
				"The function cannot be invoked.", d.aws("lambda get-function-configuration --function-name %s", r.physical) + " says why"})
		}
	})
	return append(missing, found...), err
}

func (d *Doctor) checkReserved(ctx context.Context) ([]Finding, error) {
	t, err := d.deployed()
	if err != nil {
		return nil, err
	}
	var found []Finding
	for _, r := range t.kinds("AWS::Lambda::Function") {
		out, err := d.functions.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &r.physical})
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			continue // a finding of the check functions
		}
		if err != nil {
			return found, err
		}
		have, want := "", text(r.properties["ReservedConcurrentExecutions"])
		if out.ReservedConcurrentExecutions != nil {
			have = fmt.Sprint(*out.ReservedConcurrentExecutions)
		}
		if have == want {
			continue
		}
		f := Finding{Error, r.physical, "may run " + have + " times at once, a limit that the template has not",
			"Above it the function is throttled: webhooks are refused and sent again, or events wait.",
			d.aws("lambda delete-function-concurrency --function-name %s", r.physical)}
		if want != "" {
			f.Problem = fmt.Sprintf("has the reserved concurrency %q, the parameters say %s", have, want)
			f.Do = d.aws("lambda put-function-concurrency --function-name %s --reserved-concurrent-executions %s", r.physical, want)
		}
		found = append(found, f)
	}
	return found, nil
}

// checkCode compares the hash of each function's code with the local zip of the
// stack's code version.
func (d *Doctor) checkCode(ctx context.Context) ([]Finding, error) {
	version := d.stack.Parameters["CodeVersion"]
	builds := d.builds()
	hashes := map[string]string{} // by zip
	var found []Finding
	_, err := d.each(ctx, func(r resource, out *lambda.GetFunctionConfigurationOutput) {
		code, _ := r.properties["Code"].(map[string]any)
		name := path.Base(text(code["S3Key"]))
		have := aws.ToString(out.CodeSha256)
		if want := d.hash(version, name, hashes, have); want != have {
			found = append(found, Finding{Error, r.physical, fmt.Sprintf("runs other code than %s/%s", version, name),
				"Somebody has replaced the function's code.",
				d.aws("lambda update-function-code --function-name %s --s3-bucket %s --s3-key %s", r.physical, text(code["S3Bucket"]), text(code["S3Key"]))})
		}
	})
	if err != nil {
		return found, err
	}
	switch {
	case len(found) > 0 || slices.Contains(builds, version):
		return found, nil
	case len(builds) == 0:
		return nil, skipped("there is no build in " + d.out + " to compare with; functions with one zip run the same code")
	}
	return []Finding{{Warning, d.stack.Name, fmt.Sprintf("runs the code version %s, and %s has %s", version, d.out, strings.Join(builds, ", ")),
		"The deployed code is not built from these sources, or by another Go release.", "deploy the local version, docs/deploying.md, or --skip code"}}, nil
}

// hash returns the hash of a local zip as Lambda has it. Without the file it is that
// of the first function with this zip.
func (d *Doctor) hash(version, name string, known map[string]string, have string) string {
	if hash, ok := known[name]; ok {
		return hash
	}
	known[name] = have
	if content, err := os.ReadFile(filepath.Join(d.out, version, name)); err == nil {
		sum := sha256.Sum256(content)
		known[name] = base64.StdEncoding.EncodeToString(sum[:])
	}
	return known[name]
}

// builds returns the code versions in the folder of zips.
func (d *Doctor) builds() []string {
	entries, _ := os.ReadDir(d.out) // without the folder there are none
	var found []string
	for _, e := range entries {
		if _, err := hex.DecodeString(e.Name()); err == nil && e.IsDir() {
			found = append(found, e.Name())
		}
	}
	return found
}
