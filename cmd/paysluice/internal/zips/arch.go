package zips

import "errors"

// ErrArch: no Lambda function runs on that architecture.
var ErrArch = errors.New("must be arm64 or x86_64")

// Arch is an instruction set as Lambda and the stack's parameter Architecture
// spell it. It reads Go's spelling too.
type Arch string

// The architectures that Lambda has.
const (
	ARM64 Arch = "arm64"
	X8664 Arch = "x86_64"
)

// UnmarshalText reads arm64, x86_64 or amd64; anything else is ErrArch.
func (a *Arch) UnmarshalText(text []byte) error {
	switch string(text) {
	case "arm64":
		*a = ARM64
	case "x86_64", "amd64":
		*a = X8664
	default:
		return ErrArch
	}
	return nil
}

// MarshalText is Lambda's spelling; its error is always nil.
func (a Arch) MarshalText() ([]byte, error) { return []byte(a), nil }

// environment is the part of go's environment that selects a.
func (a Arch) environment() []string {
	// The lowest level of each: Lambda does not promise more
	// (go help environment, GOARM64 and GOAMD64).
	if a == X8664 {
		return []string{"GOARCH=amd64", "GOAMD64=v1"}
	}
	return []string{"GOARCH=arm64", "GOARM64=v8.0"}
}
