package stripe_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

func TestVerifierAcceptsDocument(t *testing.T) {
	for _, tt := range []struct{ why, document string }{
		{"one entry", `{"endpoints":[{"label":"main","secret":"whsec_a"}]}`},
		{"old and new secret of one endpoint during a rotation", `{"endpoints":[{"label":"main","secret":"whsec_a"},{"label":"main","secret":"whsec_b"}]}`},
		{"no prefix is asked for", `{"endpoints":[{"label":"main","secret":"webhook_secret"}]}`},
		{"the longest label", `{"endpoints":[{"label":"` + strings.Repeat("x", 64) + `","secret":"s"}]}`},
		{"a label may have spaces and punctuation", `{"endpoints":[{"label":"Connect (EU) #2","secret":"s"}]}`},
		{"members of a later version", `{"version":2,"endpoints":[{"label":"main","secret":"s","note":1}]}`},
		{"a final newline, as an editor leaves it", "{\"endpoints\":[{\"label\":\"main\",\"secret\":\"s\"}]}\n"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := stripe.New().Verifier([]byte(tt.document))
			assert.NoError(t, err)
			assert.NotNil(t, v)
		})
	}
}

func TestVerifierRefusesDocument(t *testing.T) {
	const notJSON, noList = "it is not JSON in UTF-8", `no list "endpoints" with at least one entry`

	for _, tt := range []struct {
		why, document string
		want          provider.Reason
		says          []string
	}{
		{"never filled", "", provider.SecretEmpty, []string{"put {"}},
		{"blank", " \r\n\t", provider.SecretEmpty, nil},

		{"the bare secret", "whsec_hush", provider.SecretMalformed, []string{notJSON}},
		{"cut off", `{"endpoints":[{"label":"hush`, provider.SecretMalformed, []string{notJSON}},
		{"two documents", `{"endpoints":[]} {"endpoints":"hush"}`, provider.SecretMalformed, []string{notJSON}},
		{"not UTF-8: no signature would ever match", "{\"endpoints\":[{\"label\":\"main\",\"secret\":\"hush\xff\"}]}", provider.SecretMalformed, []string{notJSON}},

		{"null", "null", provider.SecretMalformed, []string{noList}},
		{"a quoted secret", `"whsec_hush"`, provider.SecretMalformed, []string{noList}},
		{"a list", `[{"label":"main","secret":"hush"}]`, provider.SecretMalformed, []string{noList}},
		{"another provider's document", `{"webhooks":[{"label":"hush"}]}`, provider.SecretMalformed, []string{noList}},
		{"no entries", `{"endpoints":[]}`, provider.SecretMalformed, []string{noList}},
		{"endpoints as an object", `{"endpoints":{"main":"hush"}}`, provider.SecretMalformed, []string{noList}},

		{
			"every wrong entry is named at once",
			`{"endpoints":[{"label":"ok","secret":"hush"},{"secret":"hush"},{"label":"hush"},"hush",null]}`,
			provider.SecretMalformed,
			[]string{
				`entry 2 of "endpoints": "label" is missing`,
				`entry 3 of "endpoints": "secret" is missing`,
				`entry 4 of "endpoints": "label" is missing`, `entry 4 of "endpoints": "secret" is missing`,
				`entry 5 of "endpoints": "label" is missing`,
			},
		},
		{"empty label", `{"endpoints":[{"label":"","secret":"hush"}]}`, provider.SecretMalformed, []string{`entry 1 of "endpoints": "label" is missing, empty`}},
		{"empty secret: it would sign for everybody", `{"endpoints":[{"label":"main","secret":""}]}`, provider.SecretMalformed, []string{`entry 1 of "endpoints": "secret" is missing, empty`}},
		{"numbers", `{"endpoints":[{"label":1,"secret":20072007}]}`, provider.SecretMalformed, []string{`"label" is missing, empty or not a string`, `"secret" is missing, empty or not a string`}},
		{"label too long to log", `{"endpoints":[{"label":"` + strings.Repeat("x", 65) + `","secret":"hush"}]}`, provider.SecretMalformed, []string{"longer than 64 bytes"}},
		{"label with a line break", `{"endpoints":[{"label":"a\nb","secret":"hush"}]}`, provider.SecretMalformed, []string{"printable ASCII"}},
		{"label beyond ASCII", `{"endpoints":[{"label":"Köln","secret":"hush"}]}`, provider.SecretMalformed, []string{"printable ASCII"}},
		{"secret pasted with its line break", `{"endpoints":[{"label":"main","secret":"hush\n"}]}`, provider.SecretMalformed, []string{"white space around it"}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			v, err := stripe.New().Verifier([]byte(tt.document))
			assert.Nil(t, v)
			assert.ErrorIs(t, err, tt.want)
			for _, part := range tt.says {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "hush", "an error repeats nothing of the document")
			assert.NotContains(t, err.Error(), "2007")
		})
	}
}
