package decode

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// A KeyForm is another form of a key, which a sender may sign with.
type KeyForm struct {
	// As completes "the signature is right for the key …".
	As  string
	Key string
}

// KeyForms returns other forms of a key: with white space, without it, without
// or with the provider's prefix, and decoded. prefix may be "".
func KeyForms(key, prefix string) []KeyForm {
	bare := strings.TrimPrefix(key, prefix)
	forms := []KeyForm{
		{"with a line break (LF) at its end", key + "\n"},
		{"with a line break (CR LF) at its end", key + "\r\n"},
		{"with a space at its end", key + " "},
		{"with a space before it", " " + key},
		{"with quotation marks around it", `"` + key + `"`},
	}
	if joined := strings.Join(strings.Fields(key), ""); joined != key {
		forms = append(forms, KeyForm{"without the white space in it", joined})
	}
	if unquoted := strings.Trim(key, `"'`); unquoted != key {
		forms = append(forms, KeyForm{"without the quotation marks around it", unquoted})
	}
	if bare != key {
		forms = append(forms, KeyForm{"without " + prefix, bare})
	} else if prefix != "" {
		forms = append(forms, KeyForm{"with " + prefix + " before it", prefix + key})
	}
	if decoded, err := base64.StdEncoding.DecodeString(bare); err == nil {
		forms = append(forms, KeyForm{"decoded from base64", string(decoded)})
	}
	if decoded, err := hex.DecodeString(bare); err == nil {
		forms = append(forms, KeyForm{"decoded from hex", string(decoded)})
	}
	return slices.DeleteFunc(forms, func(f KeyForm) bool { return f.Key == "" }) // anybody can sign with that
}
