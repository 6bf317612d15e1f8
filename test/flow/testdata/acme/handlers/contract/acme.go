package contract

// Acme is a made-up provider.
func Acme() Provider {
	return Provider{
		Name:            "acme",
		Title:           "Acme",
		Path:            "acme",
		IdentityHeaders: []string{"Acme-Time", "Acme-Signature"},
	}
}
