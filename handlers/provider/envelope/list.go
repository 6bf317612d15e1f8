package envelope

// List is the beginning of a list. Only first elements count in what is read,
// and a signed body of 4.5 MB can hold two million: encoding/json discards what
// goes beyond an array, without decoding it, and leaves what is missing or of a
// wrong type empty.
type List[T any] [maxListed]T

// Members are those of an object whose names are not known beforehand. A Reader
// reads the first 16: a map of all would be many times as large as the body.
type Members[T any] map[string]T

// maxListed is how many elements or members are read.
const maxListed = 16
