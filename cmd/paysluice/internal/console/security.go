package console

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
)

// tokenParameter carries the token of a link.
const tokenParameter = "token"

// styleSheet is the path of the only file that needs no session.
const styleSheet = "/static/style.css"

// policy allows only the console's own files, no inline script or style, and no page
// around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// linkPlace says where a viewer finds a new link.
const linkPlace = "in its terminal, or in " + local.Dir + "/" + local.ConsoleLinks + " if make up opened it"

// guard refuses requests of other sites, of other users of the machine and for other
// host names. A link with a token starts the session in one browser, once.
type guard struct {
	hosts   []string // with the port
	cookie  string   // its name has the port, because browsers send cookies to all ports
	session string
	used    func(link string) // called with a new link when a link is opened a second time

	mu     sync.Mutex
	tokens map[string]bool // of all links; true if the link was used
}

func newGuard(port int, used func(link string)) *guard {
	return &guard{
		hosts:   []string{fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("localhost:%d", port)},
		cookie:  fmt.Sprintf("paysluice-%d", port),
		session: rand.Text(),
		used:    used,
		tokens:  map[string]bool{},
	}
}

// newLink returns a URL that opens a session once.
func (g *guard) newLink() string {
	token := rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens[token] = false
	return "http://" + g.hosts[0] + "/?" + tokenParameter + "=" + token
}

// spend marks a token as used. It reports whether a link has the token, and whether
// this is its first use.
func (g *guard) spend(token string) (known, first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	used, known := g.tokens[token]
	if known {
		g.tokens[token] = true
	}
	return known, known && !used
}

// protect returns a handler that passes requests of the session to next and answers all
// others with refuse.
func (g *guard) protect(next http.Handler, refuse func(w http.ResponseWriter, status int, why string)) http.Handler {
	// Requests that change something must come from the console's own pages.
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "Another site sent this request.")
	}))
	guarded := crossOrigin.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get(tokenParameter)
		known, first := g.spend(token)
		foreign := fromAnotherSite(r)
		switch {
		case first:
			g.enter(w, r)
		case !foreign && (g.admits(r) || r.Method == http.MethodGet && r.URL.Path == styleSheet): // a refusal needs it
			next.ServeHTTP(w, r)
		case known:
			g.used(g.newLink())
			refuse(w, http.StatusForbidden, "This link was used before. The console has printed a new one "+linkPlace+".")
		case foreign:
			refuse(w, http.StatusForbidden, "Another site led to this page. Enter its address yourself, or open the link that the console has printed.")
		default:
			refuse(w, http.StatusForbidden, "Open the link that the console has printed.")
		}
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control": "no-store",
		} {
			w.Header().Set(name, value)
		}
		// A name that an attacker points at 127.0.0.1 is not one of the hosts.
		if !slices.Contains(g.hosts, r.Host) {
			refuse(w, http.StatusMisdirectedRequest, "The console has no host of this name.")
			return
		}
		if why := refusedBy(r.Context()); why != "" {
			refuse(w, http.StatusForbidden, why)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// fromAnotherSite reports whether a page of another site, or of another port of this machine,
// loads something of the console or leads to it. Such a page could have an effect on the stack with the
// viewer's session. Old browsers and other programs send no such header.
func fromAnotherSite(r *http.Request) bool {
	return !slices.Contains([]string{"", "none", "same-origin"}, r.Header.Get("Sec-Fetch-Site"))
}

// admits reports whether a request belongs to a session.
func (g *guard) admits(r *http.Request) bool {
	cookie, err := r.Cookie(g.cookie)
	return err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(g.session)) == 1
}

// enter starts a session and leads to the same page without the token. It answers a page
// that refreshes itself, not a redirect: after a click at another site, such as a terminal
// in a browser, browsers would send no strict cookie with the redirected request.
func (g *guard) enter(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	values := r.URL.Query()
	values.Del(tokenParameter)
	to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, `/\`), RawQuery: values.Encode()}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>paysluice</title><meta http-equiv="refresh" content="0;url=%[1]s"><a href="%[1]s">Open the console</a></html>`,
		html.EscapeString(to.String()))
}
