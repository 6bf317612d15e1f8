package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
)

const (
	// maxProviders is the number of authorizers an API may have (API Gateway
	// Developer Guide, "Quotas for configuring and running a REST API").
	maxProviders = 10
	// maxProviderName keeps the longest name made of it, that of the
	// processor's role, within IAM's 64 characters.
	maxProviderName = 64 - len("-processor-role-") - maxSuffix
)

// reservedPaths are what API Gateway answers itself (API Gateway Developer
// Guide, "Amazon API Gateway important notes"), and what clients resolve before
// they send.
func reservedPaths() []string { return []string{"ping", "sping", ".", ".."} }

// tokenPunctuation may be in a header's name beside letters and digits (RFC
// 9110, section 5.6.2).
const tokenPunctuation = "!#$%&'*+-.^_`|~"

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func checkProviders(providers []contract.Provider) error {
	var errs []error
	if n := len(providers); n < 1 || n > maxProviders {
		errs = append(errs, fmt.Errorf("%w: %d providers; an API takes 1 to %d", ErrOptions, n, maxProviders))
	}
	for i, p := range providers {
		errs = append(errs, checkProvider(p), checkUnique(p, providers[:i]))
	}
	return errors.Join(errs...)
}

// checkProvider refuses what would fail only when the stack is deployed.
func checkProvider(p contract.Provider) error {
	var errs []error
	refuse := func(what string) {
		errs = append(errs, fmt.Errorf("%w: provider %q: %s", ErrOptions, p.Name, what))
	}
	if !consistsOf(p.Name, lower+digits) || len(p.Name) > maxProviderName {
		refuse(fmt.Sprintf("its name must be 1 to %d lower-case letters and digits", maxProviderName))
	}
	// The bucket has other prefixes than the providers' names.
	if prefix := p.Name + "/"; prefix == contract.OversizePrefix || prefix == contract.UnknownPrefix {
		refuse("the bucket keeps " + prefix + " for something else: choose another name")
	}
	if !consistsOf(p.Title, lower+upper+digits) {
		refuse(fmt.Sprintf("its title %q must be letters and digits", p.Title))
	}
	if !consistsOf(p.Path, lower+upper+digits+"-._") {
		refuse(fmt.Sprintf("its path %q must be one segment of letters, digits and -._", p.Path))
	}
	if slices.Contains(reservedPaths(), p.Path) {
		refuse(fmt.Sprintf("its path %q never gets to the API: choose another", p.Path))
	}
	if len(p.IdentityHeaders) == 0 {
		refuse("it has no identity headers, so its authorizer would have nothing to look at")
	}
	if p.UntrustedReason != "" && !consistsOf(p.UntrustedReason, lower+digits+"_-") {
		refuse(fmt.Sprintf("its reason %q must be lower-case letters, digits, _ and -", p.UntrustedReason))
	}
	for _, header := range p.IdentityHeaders {
		if !consistsOf(header, lower+upper+digits+tokenPunctuation) {
			refuse(fmt.Sprintf("its identity header %q cannot be the name of a header", header))
		}
	}
	return errors.Join(errs...)
}

func checkUnique(p contract.Provider, others []contract.Provider) error {
	if slices.ContainsFunc(others, func(q contract.Provider) bool {
		return q.Name == p.Name || q.Title == p.Title || q.Path == p.Path
	}) {
		return fmt.Errorf("%w: provider %q: another has its name, title or path", ErrOptions, p.Name)
	}
	return nil
}

func consistsOf(s, alphabet string) bool { return s != "" && strings.Trim(s, alphabet) == "" }
