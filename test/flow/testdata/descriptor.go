package contract

// Imaginary returns the descriptor of test/flow/imaginary.
func Imaginary() Provider {
	return Provider{
		Name:             "imaginary",
		Title:            "Imaginary",
		Path:             "imaginary",
		SignatureHeaders: []string{"Imaginary-Time", "Imaginary-Signature"},
	}
}
