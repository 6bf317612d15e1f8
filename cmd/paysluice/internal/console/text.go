package console

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paysluice/paysluice/handlers/event"
)

// visible replaces the characters that change how a text reads, or that cannot be
// seen, by Go escapes: control characters, formatting such as right-to-left overrides,
// and invalid UTF-8. Line feeds and tabs stay.
func visible(text []byte) []byte {
	var out bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case r != '\n' && r != '\t' && (unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)):
			quoted := strconv.QuoteRuneToASCII(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		default:
			out.Write(text[:size])
		}
		text = text[size:]
	}
	return out.Bytes()
}

// functions returns what templates can call.
func (s *Server) functions() template.FuncMap {
	return template.FuncMap{
		"ago":      s.ago,
		"exact":    s.exact,
		"now":      s.Now,
		"clock":    func(t time.Time) string { return t.In(s.Zone).Format(time.TimeOnly) },
		"age":      formatAge,
		"seconds":  func(n int) time.Duration { return time.Duration(n) * time.Second },
		"bytes":    formatBytes,
		"number":   formatNumber,
		"millis":   func(n int64) time.Time { return time.UnixMilli(n) },
		"at":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"title":    title,
		"explain":  explain,
		"mode":     mode,
		"eventURL": eventURL,
		"command":  s.command,
	}
}

// command returns lines of commands, which name the local stack where the console shows it.
func (s *Server) command(lines string) string {
	if !s.Stack.AWS.Local {
		return lines
	}
	return regexp.MustCompile(`(?m)^paysluice `).ReplaceAllString(lines, "paysluice --local ")
}

// ago returns how long ago a time was, or how far ahead it is.
func (s *Server) ago(t time.Time) string {
	d := s.Now().Sub(t)
	if d < -time.Second {
		return "in " + formatAge(-d)
	}
	return formatAge(d) + " ago"
}

// exact returns a time in the viewer's zone and in UTC.
func (s *Server) exact(t time.Time) string {
	local := t.In(s.Zone)
	text := local.Format("2006-01-02 15:04:05.000 MST")
	if _, offset := local.Zone(); offset != 0 {
		text += ", " + t.UTC().Format("2006-01-02 15:04:05.000 MST")
	}
	return text
}

// zone returns the names of the viewer's zone, such as CET/CEST.
func (s *Server) zone() string {
	january := time.Date(s.Now().Year(), time.January, 1, 0, 0, 0, 0, s.Zone)
	winter, summer := january.Format("MST"), january.AddDate(0, 6, 0).Format("MST")
	if winter == summer {
		return winter
	}
	return winter + "/" + summer
}

// formatAge returns a duration in its largest unit.
func formatAge(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(d, 0).Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f d", d.Hours()/24)
}

// formatBytes returns a size in bytes, KB or MB.
func formatBytes(n int) string {
	switch {
	case n < 10_000:
		return formatNumber(n) + " bytes"
	case n < 1_000_000:
		return fmt.Sprintf("%.0f KB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// formatNumber returns a number with commas between its thousands.
func formatNumber(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// counted returns a number and a noun, such as "1 alarm" or "2 alarms".
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return formatNumber(n) + " " + noun
}

// title returns the name of a provider as it writes it.
func title(provider string) string {
	for _, p := range providers() {
		if p.Name == provider {
			return p.Title
		}
	}
	return provider
}

func mode(e event.Event) string {
	switch {
	case e.Livemode == nil:
		return ""
	case *e.Livemode:
		return "live"
	}
	return "test"
}

// eventURL returns the page of an event. The time tells events of one id apart.
func eventURL(e event.Event) string {
	return "/event?" + url.Values{"id": {e.ID}, "at": {strconv.FormatInt(e.Timestamp, 10)}}.Encode()
}

// quote returns an argument for a POSIX shell.
func quote(text string) string {
	if regexp.MustCompile(`^[\w:.,/=+@%][\w:.,/=+@%-]*$`).MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
