package paypal

import (
	"fmt"
	"strings"
)

// environment is one of PayPal's two worlds. They share nothing: a webhook of
// the sandbox never passes for one of live payments.
type environment struct {
	// name is how a secret's entry and messages call it.
	name string
	// certPrefix is what every URL of a certificate begins with.
	certPrefix string
	// certName is the DNS name in every certificate.
	certName string
	live     bool
}

func live() environment {
	return environment{
		name:       "live",
		certPrefix: "https://api.paypal.com/v1/notifications/certs/",
		certName:   "messageverificationcerts.paypal.com",
		live:       true,
	}
}

func sandbox() environment {
	return environment{
		name:       "sandbox",
		certPrefix: "https://api.sandbox.paypal.com/v1/notifications/certs/",
		certName:   "messageverificationcerts.sandbox.paypal.com",
	}
}

// environmentOf finds the environment that a certificate's URL belongs to. The
// URL is compared as text and never parsed: what is not the one prefix and one
// plain path segment (PayPal's are CERT-360caa42-fca2a594-a5cafa77 and the
// like) can have no other host, port, user, query or encoding.
func environmentOf(certURL string) (environment, bool) {
	for _, e := range []environment{live(), sandbox()} {
		if name, ok := strings.CutPrefix(certURL, e.certPrefix); ok && plain(name, maxCertName, "-_") {
			return e, true
		}
	}
	return environment{}, false
}

// notCertURL says what a URL is that environmentOf does not find.
func notCertURL() string {
	return fmt.Sprintf("neither %s nor %s and a name", live().certPrefix, sandbox().certPrefix)
}

// plain reports whether s is 1 to most letters, digits and characters of also.
func plain(s string, most int, also string) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte(also, c) < 0:
			return false
		}
	}
	return true
}
