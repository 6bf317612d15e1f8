// Package contract holds the names that more than one part of paysluice must
// agree on: providers, functions, environment variables, metrics and message
// attributes. The template puts them into the stack, the handlers read them
// there; neither spells one out.
//
// It is a leaf: it imports nothing of this module and no AWS package.
package contract
