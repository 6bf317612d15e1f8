package template

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/awslabs/goformation/v7/cloudformation/apigateway"

	"github.com/paysluice/paysluice/template/cfn"
)

// addDeployment copies the API as it is now. A deployment is never updated, so
// its logical id carries a hash of what it copied: whenever that changes,
// CloudFormation makes a new one, which the stage then shows. Nothing that the
// deployment refers to leads to the methods, authorizers and responses, so it
// says that it depends on them (aws/aws-cdk#11068, #23215).
//
// The hash is of the printed template, so nothing that is in it by now may
// refer to the deployment or to what is added later.
func (a *api) addDeployment() (cfn.ID, error) {
	printed, err := a.JSON()
	hash, hashErr := hashOf(printed, append([]string{string(a.id)}, a.copied...))
	return a.Add("Deployment"+hash, &apigateway.Deployment{
		RestApiId:                  a.id.Ref(),
		AWSCloudFormationDependsOn: a.copied,
	}), errors.Join(err, hashErr)
}

// hashOf tells one state of some resources of a printed template from another,
// in eight hexadecimal digits. Layout and order of keys do not count.
func hashOf(printed []byte, ids []string) (string, error) {
	var stack struct{ Resources map[string]any }
	err := json.Unmarshal(printed, &stack)
	h := sha256.New()
	for _, id := range ids {
		fmt.Fprintf(h, "%s %#v\n", id, stack.Resources[id]) // fmt sorts keys
	}
	return hex.EncodeToString(h.Sum(nil)[:4]), err
}
