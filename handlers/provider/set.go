package provider

import "fmt"

// Set finds providers by what a request or a message says of them.
type Set []Provider

// ByName finds the provider whose descriptor has that Name.
func (s Set) ByName(name string) (Provider, error) {
	for _, p := range s {
		if p.Descriptor().Name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
}

// ByPath finds the provider that takes POSTs at an API resource, "/stripe".
func (s Set) ByPath(resource string) (Provider, error) {
	for _, p := range s {
		if "/"+p.Descriptor().Path == resource {
			return p, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", PathUnknown, resource)
}
