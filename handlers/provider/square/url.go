package square

import (
	"slices"
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
)

// urlVariants returns the URLs that Square may have instead of configured, apart
// from its spellings: the known URLs, then each combination of the hosts and paths
// that these and the request name.
func urlVariants(configured string, known, hosts []string) []string {
	bases := append([]string{configured}, known...)
	paths := []string{"/" + contract.Square().Path} // a stack's own domain has no stage in the path
	for _, base := range bases {
		host, path := splitURL(base)
		hosts, paths = append(hosts, host), append(paths, path)
	}
	for _, host := range hosts {
		for _, path := range append(paths, "") {
			bases = append(bases, "https://"+host+path)
		}
	}
	seen := map[string]bool{}
	for _, url := range spellings(configured) {
		seen[url] = true
	}
	var variants []string
	for _, base := range bases {
		for _, url := range spellings(base) {
			if !seen[url] {
				seen[url] = true
				variants = append(variants, url)
			}
		}
	}
	return variants
}

// spellings returns a URL and others that lead to the same place.
func spellings(url string) []string {
	var all []string
	for _, u := range []string{url, withoutQuery(url)} {
		for _, u := range []string{u, strings.TrimRight(u, "/"), strings.TrimRight(u, "/") + "/"} {
			all = append(all, u, swapScheme(u))
		}
	}
	all = append(all, withoutPort(url), withPort(url), strings.ToLower(url), url+" ", url+"\n")
	slices.Sort(all)
	return slices.Compact(all)
}

func withoutQuery(url string) string {
	before, _, _ := strings.Cut(url, "?")
	return before
}

func swapScheme(url string) string {
	if rest, ok := strings.CutPrefix(url, "https://"); ok {
		return "http://" + rest
	}
	return "https://" + strings.TrimPrefix(url, "http://")
}

// splitURL returns the host and what follows it.
func splitURL(url string) (host, path string) {
	_, rest, _ := strings.Cut(url, "://")
	i := strings.IndexAny(rest, "/?")
	if i < 0 {
		return rest, ""
	}
	return rest[:i], rest[i:]
}

func withoutPort(url string) string {
	scheme, _, _ := strings.Cut(url, "://")
	host, path := splitURL(url)
	host, _, _ = strings.Cut(host, ":")
	return scheme + "://" + host + path
}

func withPort(url string) string {
	port := ":443"
	if strings.HasPrefix(url, "http://") {
		port = ":80"
	}
	url = withoutPort(url)
	scheme, _, _ := strings.Cut(url, "://")
	host, path := splitURL(url)
	return scheme + "://" + host + port + path
}

// difference names how the URL that Square has differs from the configured one.
func difference(square, configured string) string {
	squareHost, squarePath := splitURL(square)
	host, path := splitURL(configured)
	switch {
	case square == configured+"/":
		return "Square has a slash at its end"
	case square+"/" == configured:
		return "Square has no slash at its end"
	case squareHost == host && squarePath == path:
		return "Square has another scheme"
	case strings.TrimSpace(square) == configured:
		return "Square has white space at its end"
	case squareHost == host && withoutQuery(squarePath) == withoutQuery(path):
		return "Square has another query"
	case squareHost == host:
		return "Square has another path"
	case squarePath == path:
		return "Square has another host or port"
	}
	return "Square has another host and path"
}
