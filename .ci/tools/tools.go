// Package tools pins the programs that check this repository, in a module of
// its own so that the product's module graph stays free of them.
package tools
