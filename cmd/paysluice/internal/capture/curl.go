package capture

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/provider"
)

// ReadFile reads a file that a curl command line names with @.
type ReadFile func(name string) ([]byte, error)

// Options of curl with a value that changes neither headers nor body, and those
// without a value (man curl).
const (
	valueOptions = " X request A user-agent b cookie e referer u user x proxy o output m max-time w write-out cacert cert key " +
		"connect-timeout retry resolve interface limit-rate trace-ascii stderr D dump-header c cookie-jar "
	plainOptions = " k insecure s silent S show-error i include L location v verbose f fail fail-with-body compressed g globoff " +
		"http1.1 http2 n netrc # progress-bar N no-buffer ssl-no-revoke "
)

// Curl reads a curl command line, as browsers and tools copy it for a POSIX shell.
func Curl(text []byte, read ReadFile) (Request, error) {
	words, err := shellWords(string(text))
	if err != nil {
		return Request{}, err
	}
	if len(words) == 0 || words[0] != "curl" && !strings.HasSuffix(words[0], "/curl") {
		return Request{}, formatf("it does not begin with curl")
	}
	c := curl{read: read}
	for rest := words[1:]; len(rest) > 0 && err == nil; {
		rest, err = c.word(rest)
	}
	if err != nil {
		return Request{}, err
	}
	return Request{Header: provider.NewHeader(c.fields), Body: bytes.Join(c.data, []byte("&")), URL: c.url}, nil
}

// curl collects what the words of a command line say.
type curl struct {
	read   ReadFile
	fields []provider.Field
	data   [][]byte
	url    string
}

// word reads one option with its value, or the URL, and returns the other words.
func (c *curl) word(words []string) ([]string, error) {
	word, rest := words[0], words[1:]
	long, isLong := strings.CutPrefix(word, "--")
	short, isShort := strings.CutPrefix(word, "-")
	if !isShort || short == "" {
		c.url = word
		return rest, nil
	}
	name, value, attached := long, "", false
	if isLong {
		name, value, attached = strings.Cut(long, "=")
	} else {
		for short != "" && strings.Contains(plainOptions, " "+short[:1]+" ") { // -sSk
			short = short[1:]
		}
		if short == "" {
			return rest, nil
		}
		name, value, attached = short[:1], short[1:], len(short) > 1
	}
	if strings.Contains(plainOptions, " "+name+" ") {
		return rest, nil
	}
	if !attached {
		if len(rest) == 0 {
			return nil, formatf("curl's option %s has no value", word)
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, c.option(name, value)
}

func (c *curl) option(name, value string) error {
	switch name {
	case "H", "header":
		field, text, ok := strings.Cut(value, ":")
		if !ok {
			return formatf("curl's header %q is not Name: value", field)
		}
		c.fields = append(c.fields, provider.Field{Name: strings.TrimSpace(field), Value: strings.TrimSpace(text)})
	case "d", "data", "data-ascii":
		return c.addData(value, true, true)
	case "data-binary", "json":
		return c.addData(value, true, false)
	case "data-raw":
		return c.addData(value, false, false)
	case "url":
		c.url = value
	default:
		if !strings.Contains(valueOptions, " "+name+" ") {
			return formatf("curl's option %q is not known here: save headers and body as files and use --header-file and --body-file", name)
		}
	}
	return nil
}

// addData adds a part of the body. curl removes line breaks of a file that -d
// names.
func (c *curl) addData(value string, file, stripped bool) error {
	data := []byte(value)
	if name, ok := strings.CutPrefix(value, "@"); ok && file {
		var err error
		if data, err = c.read(name); err != nil {
			return formatf("the body of the curl command: %w", err)
		}
		if stripped {
			data = []byte(strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(string(data)))
		}
	}
	c.data = append(c.data, data)
	return nil
}

// shellWords splits a command line as a POSIX shell does, with $'…' of bash. It
// expands no variable.
func shellWords(text string) ([]string, error) {
	var words []string
	var word []byte
	started := false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if started {
				words, word, started = append(words, string(word)), nil, false
			}
			i++
		case c == '\\':
			if next := strings.TrimPrefix(text[i+1:], "\r"); strings.HasPrefix(next, "\n") { // a continued line
				i = len(text) - len(next) + 1
				continue
			}
			if i+1 == len(text) {
				return nil, formatf("the command line ends with a backslash")
			}
			word, started = append(word, text[i+1]), true
			i += 2
		case c == '\'' || c == '"' || c == '$' && strings.HasPrefix(text[i:], "$'"):
			quoted, n, ok := readQuoted(text[i:])
			if !ok {
				return nil, formatf("a quotation mark of the command line is not closed: copy all lines")
			}
			word, started = append(word, quoted...), true
			i += n
		default:
			word, started = append(word, c), true
			i++
		}
	}
	if started {
		words = append(words, string(word))
	}
	return words, nil
}

// readQuoted reads a quoted text at the beginning of s and returns its length
// with the quotation marks.
func readQuoted(s string) (text []byte, length int, ok bool) {
	switch s[0] {
	case '\'':
		end := strings.IndexByte(s[1:], '\'')
		if end < 0 {
			return nil, 0, false
		}
		return []byte(s[1 : end+1]), end + 2, true
	case '"':
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '"':
				return text, i + 1, true
			case s[i] == '\\' && i+1 < len(s) && strings.IndexByte("\\\"$`\n", s[i+1]) >= 0:
				if i++; s[i] != '\n' {
					text = append(text, s[i])
				}
			default:
				text = append(text, s[i])
			}
		}
		return nil, 0, false
	}
	for i := 2; i < len(s); i++ { // $'…'
		switch s[i] {
		case '\'':
			return text, i + 1, true
		case '\\':
			n := 0
			text, n = appendEscaped(text, s[i:])
			i += n - 1
		default:
			text = append(text, s[i])
		}
	}
	return nil, 0, false
}

// appendEscaped reads an escape of $'…' at the beginning of s and returns its
// length (Bash Reference Manual, "ANSI-C Quoting").
func appendEscaped(text []byte, s string) ([]byte, int) {
	const letters, values = `abefnrtv\'"?`, "\a\b\x1b\f\n\r\t\v\\'\"?"
	if len(s) < 2 {
		return append(text, s...), len(s)
	}
	if i := strings.IndexByte(letters, s[1]); i >= 0 {
		return append(text, values[i]), 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	n := 2
	for n < len(s) && n < 2+digits && strings.IndexByte("0123456789abcdefABCDEF", s[n]) >= 0 {
		n++
	}
	code, err := strconv.ParseUint(s[2:n], 16, 32)
	switch {
	case err != nil:
		return append(text, s[:2]...), 2
	case s[1] == 'x':
		return append(text, byte(code)), n
	}
	return utf8.AppendRune(text, rune(code)), n
}
