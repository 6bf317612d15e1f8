package source_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

// answers answers requests as all providers' APIs do.
type answers func(r *http.Request) io.Reader

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(a(r)), Request: r}, nil
}

// page is a page of each provider's lists, with the token of PayPal. next names a further page.
func page(element string, count int, next string) string {
	all := "[" + strings.TrimSuffix(strings.Repeat(element+",", count), ",") + "]"
	text := `{"access_token":"t","token_type":"Bearer","data":` + all + `,"events":` + all + `,"webhooks":` + all + `,"subscriptions":` + all
	if next != "" {
		text += fmt.Sprintf(`,"has_more":true,"next_page_url":"/?page=%[1]s","links":[{"rel":"next","href":"/?page=%[1]s"}],"cursor":%[1]q`, next)
	}
	return text + "}"
}

// TestHostileAnswers has answers that would need many times the memory of their bytes, or that never end.
func TestHostileAnswers(t *testing.T) {
	for _, row := range []struct {
		why     string
		page    func(n int) string
		unpaged bool   // PayPal lists its endpoints without pages
		says    string // "" for an answer that is accepted
	}{
		{why: "as many elements as are read", page: func(int) string { return page(`{"id":"],\"[{,\\","l":[[0,1],{"a":2,"b":3}]}`, 1000, "") }},
		{why: "too many elements", page: func(int) string { return page("{}", 1001, "") }, says: "an array has more than 1000 elements"},
		{why: "not an array", page: func(int) string { return strings.ReplaceAll(page("", 0, ""), "[]", "{}") }, says: "*json.UnmarshalTypeError"},
		{why: "a list that does not end", page: func(n int) string { return page(`{"id":"e"}`, 1, fmt.Sprint(n)) }, unpaged: true, says: "a list has more than 10"},
		{why: "a long place", page: func(int) string { return page(`{"id":"`+strings.Repeat("e", 9000)+`"}`, 1, strings.Repeat("9", 9000)) }, unpaged: true, says: "more than 8192 bytes"},
	} {
		for _, p := range contract.Providers() {
			n := 0
			r := connect(t, p, func(o *source.Options) {
				o.Thin = true
				o.Transport = answers(func(*http.Request) io.Reader { n++; return strings.NewReader(row.page(n)) })
			})
			listed := 0
			var err error
			for _, failed := range r.List(t.Context(), start, start) {
				listed, err = listed+1, failed
			}
			_, endpoints := r.setup(t).Endpoints(t.Context())
			if row.says == "" {
				require.NoError(t, err, "%s: %s", p.Name, row.why)
				assert.NoError(t, endpoints, "%s: %s", p.Name, row.why)
				assert.Contains(t, []int{1000, 2000}, listed, "%s: %s", p.Name, row.why)
				continue
			}
			assert.ErrorIs(t, err, source.ErrAnswer, "%s: %s", p.Name, row.why)
			assert.ErrorContains(t, err, row.says, "%s: %s", p.Name, row.why)
			if !row.unpaged || p.Name != "paypal" {
				assert.ErrorIs(t, endpoints, source.ErrAnswer, "%s: %s", p.Name, row.why)
			}
			assert.LessOrEqual(t, listed, 10_000, "%s: %s", p.Name, row.why)
		}
	}
}

// drip is a body that comes byte by byte, until its request is given up.
type drip struct{ *http.Request }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-d.Context().Done():
		return 0, d.Context().Err()
	case <-time.After(time.Second):
		return copy(p, " "), nil
	}
}

func TestSlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		for _, p := range contract.Providers() {
			s, err := source.New(p, source.Options{
				Key: providerapi.Key(), Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil }, Notify: func(string) {},
				Transport: answers(func(r *http.Request) io.Reader { return drip{r} }),
			})
			require.NoError(t, err)
			for _, err := range s.List(t.Context(), start, start) {
				assert.ErrorIs(t, err, source.ErrUnavailable, p.Name)
			}
		}
		assert.Equal(t, 3*8*time.Minute, time.Since(begin), "eight attempts of a minute")
	})
}
