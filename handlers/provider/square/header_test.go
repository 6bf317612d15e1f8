package square_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/square"
	"github.com/paysluice/paysluice/test/header"
)

func TestDescriptor(t *testing.T) {
	assert.Equal(t, contract.Square(), square.New("").Descriptor())
}

func TestCheckHeadersForm(t *testing.T) {
	good := square.Sign([]byte(`{}`), "key", url)
	encode := base64.StdEncoding.EncodeToString

	for _, tt := range []struct {
		why   string
		value string
		want  error
	}{
		{"as Square sends it", good, nil},
		{"any 32 bytes may be a signature", encode(make([]byte, 32)), nil},

		{"20 bytes are the legacy SHA-1 sum", encode(make([]byte, 20)), provider.HeaderMalformed},
		{"31 bytes", encode(make([]byte, 31)), provider.HeaderMalformed},
		{"33 bytes, in as many characters as 32", encode(make([]byte, 33)), provider.HeaderMalformed},
		{"34 bytes", encode(make([]byte, 34)), provider.HeaderMalformed},
		{"no padding", strings.TrimRight(good, "="), provider.HeaderMalformed},
		{"another spelling of the same bytes", strings.Repeat("A", 42) + "B=", provider.HeaderMalformed},
		{"the alphabet of URLs", "_" + good[1:], provider.HeaderMalformed},
		{"hex", strings.Repeat("ab", 32), provider.HeaderMalformed},
		{"hex of as many characters", strings.Repeat("zz", 22), provider.HeaderMalformed},
		{"a space around it", good + " ", provider.HeaderMalformed},
		{"line breaks, which encoding/base64 skips", strings.Repeat("A", 39) + "=\n\n\n\n", provider.HeaderMalformed},
		{"two in one header", good + "," + good, provider.HeaderMalformed},
		{"NUL", strings.Repeat("\x00", 44), provider.HeaderMalformed},
		{"invalid UTF-8", strings.Repeat("\xff", 44), provider.HeaderMalformed},
		{"huge", strings.Repeat("A", 1<<20), provider.HeaderMalformed},
		{"thousands of elements", strings.Repeat(good+",", 5000), provider.HeaderMalformed},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := square.New("").CheckHeaders(signed(tt.value), epoch)
			if tt.want == nil {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, "x-square-hmacsha256-signature")
			assert.NotContains(t, err.Error(), "AAAA", "an error never holds a signature")
		})
	}
}

func TestCheckHeadersPresence(t *testing.T) {
	good := square.Sign([]byte(`{}`), "key", url)
	for _, tt := range []struct {
		why     string
		headers map[string][]string
		want    error
	}{
		{"none", nil, provider.HeaderMissing},
		{"empty", map[string][]string{"x-square-hmacsha256-signature": {""}}, provider.HeaderMissing},
		{"names match in any case", map[string][]string{"X-Square-HmacSha256-Signature": {good}}, nil},
		{"the legacy header alone", map[string][]string{"x-square-signature": {"1z2n3DEJJiUPKcPzQo1ftvbxGdw="}}, provider.HeaderMissing},
		{"the legacy header besides, whatever is in it", map[string][]string{"x-square-hmacsha256-signature": {good}, "x-square-signature": {"", "?"}}, nil},
		{"two, although both would pass", map[string][]string{"x-square-hmacsha256-signature": {good, good}}, provider.HeaderRepeated},
		{"thousands", map[string][]string{"x-square-hmacsha256-signature": slices.Repeat([]string{good}, 5000)}, provider.HeaderRepeated},
	} {
		t.Run(tt.why, func(t *testing.T) {
			err := square.New("").CheckHeaders(header.Multi(tt.headers), epoch)
			if tt.want == nil {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}
}
