package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/secrets"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
)

const url = "https://api.example.com/square"

const two = `{"x":{"b":1,"a":"<"},"endpoints":[{"label":"a","secret":"whsec_hush1","note":1.0},{"label":"b","secret":"whsec_hush2","environment":"live"}]}`

func parse(t *testing.T, text string) secrets.Document {
	t.Helper()
	d, err := secrets.Parse(contract.Stripe(), []byte(text), "")
	require.NoError(t, err)
	return d
}

// TestDocumentKeepsTheRest: a change touches one entry and no other member.
func TestDocumentKeepsTheRest(t *testing.T) {
	d := parse(t, two)
	added, err := d.Add(secrets.Entry{Label: "c", Key: "whsec_hush3", Environment: "sandbox", OtherMode: "store"})
	require.NoError(t, err)
	removed, err := added.Remove(0)
	require.NoError(t, err)
	text := removed.Text()
	assert.JSONEq(t, `{"x":{"b":1,"a":"<"},"endpoints":[{"label":"b","secret":"whsec_hush2","environment":"live"},`+
		`{"label":"c","secret":"whsec_hush3","environment":"sandbox","otherMode":"store"}]}`, string(text))
	assert.Contains(t, string(text), `"<"`, "no escape that was not there")
	assert.Len(t, d.Entries(), 2, "the document itself stays")
	assert.Contains(t, string(d.Text()), "1.0", "numbers keep their digits")

	for _, p := range contract.Providers() {
		d, err := secrets.Parse(p, secrets.FromKey(p, "hush", "live", url), url)
		require.NoError(t, err, "the shape is the provider's")
		assert.Equal(t, "hush", d.Entries()[0].Key)
		assert.NotEmpty(t, secrets.KeyTitle(p))
	}
}

func TestWithRoots(t *testing.T) {
	assert.JSONEq(t, `{"a":1,"extraRootsPem":"xy"}`, string(secrets.WithRoots([]byte(`{"a":1,"extraRootsPem":"z"}`), []byte("x"), []byte("y"))))
	assert.Equal(t, "{", string(secrets.WithRoots([]byte("{"), nil)), "its reader says what is wrong")
}

func TestDocumentRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``: "secret_empty", `{`: "not JSON", `[]`: `no list "endpoints"`, `{"endpoints":[]}`: "at least one entry",
		`{"endpoints":[{"label":"a","secret":" hush"}]}`: `"secret" has white space around it`,
		`{"Endpoints":[{"label":"a","secret":"hush"}]}`:  "other capitals", `{"endpoints":[{"label":"a","secret":"hush"}]} `: "",
		`{"endpoints":[{"label":"a","secret":"hush"}],"a":"` + "\\ud800" + `"}`: "",
	} {
		_, err := secrets.Parse(contract.Stripe(), []byte(text), "")
		if want == "" {
			assert.NoError(t, err, text)
			continue
		}
		assert.ErrorIs(t, err, secrets.ErrMalformed, text)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hush")
	}
	_, err := secrets.Parse(contract.Provider{Name: "adyen"}, []byte(two), "")
	assert.ErrorIs(t, err, provider.ErrUnknown)

	d := parse(t, `{"endpoints":[{"label":"a","secret":"1"},{"label":"a","secret":"2"},{"label":"b","secret":"3"}]}`)
	for _, row := range []struct {
		label       string
		number, got int
		want        string
	}{
		{"b", 0, 2, ""}, {"a", 2, 1, ""}, {"b", 3, 2, ""},
		{"c", 0, 0, `"c" does not exist: paysluice secrets list`}, {"a", 0, 0, "exists 2 times: choose one with --number"}, {"b", 1, 0, `1 has another label than "b"`},
	} {
		got, err := d.Find(row.label, row.number)
		assert.Equal(t, row.got, got)
		if row.want != "" {
			assert.ErrorIs(t, err, secrets.ErrEntry)
			assert.ErrorContains(t, err, row.want)
		}
	}
	_, err = d.Add(secrets.Entry{Label: "c", Key: "2"})
	assert.ErrorIs(t, err, secrets.ErrEntry)
	assert.EqualError(t, err, `the secret's entry 2, "a", has this signing secret already`)
	_, err = parse(t, `{"endpoints":[{"label":"a","secret":"1"}]}`).Remove(0)
	assert.ErrorContains(t, err, "is the only one")
}

// versions plays Secrets Manager with one secret. The emulator cannot be made to
// fail or to change a secret between two calls.
type versions struct {
	texts  []string // oldest first
	failAt int      // the call that fails, from 1; 0 for none
	calls  int
	meddle int // the call before which somebody else stores a version
	binary bool
}

var errDown = errors.New("down")

func (v *versions) call() error {
	v.calls++
	if v.calls == v.meddle {
		v.texts = append(v.texts, two)
	}
	if v.calls == v.failAt {
		return errDown
	}
	return nil
}

func (v *versions) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	err := v.call()
	i := len(v.texts) - 1
	if *in.VersionStage == "AWSPREVIOUS" {
		i--
	}
	if err == nil && i < 0 {
		err = &types.ResourceNotFoundException{}
	}
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.GetSecretValueOutput{VersionId: new(fmt.Sprint(i)), SecretString: &v.texts[i]}
	if v.binary {
		out.SecretString, out.SecretBinary = nil, []byte(v.texts[i])
	}
	return out, nil
}

func (v *versions) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	if err := v.call(); err != nil {
		return nil, err
	}
	v.texts = append(v.texts, *in.SecretString)
	return &secretsmanager.PutSecretValueOutput{VersionId: new(fmt.Sprint(len(v.texts) - 1))}, nil
}

func (v *versions) DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	err := v.call()
	n := len(v.texts)
	return &secretsmanager.DescribeSecretOutput{VersionIdsToStages: map[string][]string{
		fmt.Sprint(n - 1): {"AWSCURRENT"}, fmt.Sprint(n - 2): {"AWSPREVIOUS"},
	}}, err
}

// TestVaultWithoutAValue: the emulator gives a secret that was never filled an empty
// value, where AWS has no version.
func TestVaultWithoutAValue(t *testing.T) {
	read, err := secrets.NewVault(&versions{texts: []string{""}}, contract.Stripe(), "arn", "").Read(t.Context())
	require.NoError(t, err)
	assert.Empty(t, read.ID)
}

func TestVault(t *testing.T) {
	open := func(v *versions) *secrets.Vault { return secrets.NewVault(v, contract.Stripe(), "arn", "") }
	change := func(v *versions) error {
		vault := open(v)
		old, err := vault.Read(t.Context())
		if err != nil {
			return err
		}
		d, err := old.Add(secrets.Entry{Label: "c", Key: "hush3"})
		require.NoError(t, err)
		return vault.Replace(t.Context(), old, d)
	}
	for _, row := range []struct {
		why string
		v   versions
		err error
		put int // versions at the end
	}{
		{"a change", versions{texts: []string{two}}, nil, 2},
		{"a secret as bytes", versions{texts: []string{two}, binary: true}, nil, 2},
		{"a secret that was never filled", versions{}, nil, 1},
		{"a malformed secret", versions{texts: []string{`{}`}}, secrets.ErrMalformed, 1},
		{"another change before", versions{texts: []string{two}, meddle: 2}, secrets.ErrChanged, 2},
		{"another change at the same time", versions{texts: []string{two}, meddle: 3}, secrets.ErrChanged, 3},
		{"the first read fails", versions{texts: []string{two}, failAt: 1}, errDown, 1},
		{"the second read fails", versions{texts: []string{two}, failAt: 2}, errDown, 1},
		{"the write fails", versions{texts: []string{two}, failAt: 3}, errDown, 1},
		{"the comparison fails", versions{texts: []string{two}, failAt: 4}, errDown, 2},
	} {
		err := change(&row.v)
		assert.ErrorIs(t, err, row.err, row.why)
		assert.Len(t, row.v.texts, row.put, row.why)
		if row.err != nil && row.put > 2 || row.v.failAt == 4 { // both changes may be stored
			assert.ErrorContains(t, err, "aws secretsmanager list-secret-version-ids --secret-id arn", row.why)
		}
	}
	vault := open(&versions{texts: []string{two}})
	old, err := vault.Read(t.Context())
	require.NoError(t, err)
	bad, err := old.Add(secrets.Entry{Label: "", Key: "hush"})
	require.NoError(t, err)
	assert.ErrorIs(t, vault.Replace(t.Context(), old, bad), secrets.ErrMalformed)

	text, err := open(&versions{texts: []string{"1", two}}).Previous(t.Context())
	assert.NoError(t, err)
	assert.Equal(t, "1", string(text))
	text, err = open(&versions{texts: []string{two}}).Previous(t.Context())
	assert.NoError(t, err)
	assert.Nil(t, text)
	text, err = open(&versions{texts: []string{"not a document"}}).Text(t.Context())
	assert.NoError(t, err)
	assert.Equal(t, "not a document", string(text))
}

func TestSummarize(t *testing.T) {
	events := func(n int) iter.Seq2[event.Event, error] {
		return func(yield func(event.Event, error) bool) {
			for i := range n {
				if !yield(event.Event{ID: fmt.Sprint(i), Endpoint: string("ab"[i%2]), ReceivedAt: int64(20_000 - i)}, nil) {
					return
				}
			}
		}
	}
	uses, err := secrets.Summarize(events(5))
	require.NoError(t, err)
	assert.Equal(t, secrets.Uses{Examined: 5, Complete: true, Oldest: time.UnixMilli(19_996).UTC(), ByLabel: map[string]secrets.Use{
		"a": {Events: 3, Last: time.UnixMilli(20_000).UTC(), LastID: "0"}, "b": {Events: 2, Last: time.UnixMilli(19_999).UTC(), LastID: "1"},
	}}, uses)
	uses, err = secrets.Summarize(events(10_001))
	require.NoError(t, err)
	assert.Equal(t, 10_000, uses.Examined)
	assert.False(t, uses.Complete)
	_, err = secrets.Summarize(func(yield func(event.Event, error) bool) { yield(event.Event{}, errDown) })
	assert.ErrorIs(t, err, errDown)
}

// TestProbe: the webhooks are genuine, and a refused one is sent again.
func TestProbe(t *testing.T) {
	now, refusals, got := time.Unix(1775001600, 0), 0, []string{}
	set := all.All(all.Settings{EndpointURL: url})
	var document []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := set.ByPath(r.URL.Path)
		v, err := p.Verifier(document)
		assert.NoError(t, err)
		body, _ := io.ReadAll(r.Body)
		origin, err := v.Verify(r.Context(), providertest.MultiHeader(r.Header), body, now)
		assert.NoError(t, err)
		e, err := p.Event(body, origin)
		assert.NoError(t, err)
		assert.Equal(t, secrets.TestType, e.Type)
		assert.Equal(t, event.Other, e.Category)
		if refusals--; refusals >= 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got = append(got, e.ID)
		fmt.Fprintf(w, `{"received":true,"eventId":%q}`, e.ID)
	}))
	defer server.Close()
	var slept error
	probe := func(path string) secrets.Probe {
		return secrets.Probe{Client: server.Client(), URL: server.URL + path, SignedURL: url, Now: func() time.Time { return now },
			Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return slept }}
	}
	for _, p := range []contract.Provider{contract.Stripe(), contract.Square()} {
		document = secrets.FromKey(p, "hush", "live", "")
		refusals = 2
		status, id, err := probe("/"+p.Path).Send(t.Context(), p, secrets.Entry{Key: "hush", Environment: "live"})
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, got[len(got)-1], id)
	}
	refusals = 100
	status, _, err := probe("/square").Send(t.Context(), contract.Square(), secrets.Entry{Key: "hush"})
	assert.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, 94, refusals, "for 15 seconds")
	slept = errDown
	_, _, err = probe("/square").Send(t.Context(), contract.Square(), secrets.Entry{Key: "hush"})
	assert.ErrorIs(t, err, errDown, "interrupted")

	_, _, err = probe("/paypal").Send(t.Context(), contract.PayPal(), secrets.Entry{})
	assert.ErrorIs(t, err, provider.ErrUnknown)
	broken := probe("/stripe")
	broken.URL = ":"
	_, _, err = broken.Send(t.Context(), contract.Stripe(), secrets.Entry{})
	assert.Error(t, err)
	broken.URL = "http://127.0.0.1:1"
	_, _, err = broken.Send(t.Context(), contract.Stripe(), secrets.Entry{})
	assert.Error(t, err)
}

// An entry that the functions refuse says for which environment it was meant.
func TestOutline(t *testing.T) {
	assert.Equal(t, []secrets.Entry{{Label: "b", Environment: "live"}}, secrets.Outline(contract.Square(), []byte(`{"subscriptions":[{"label":"b","environment":"live"}]}`)))
	assert.Empty(t, secrets.Outline(contract.Stripe(), []byte("{")))
}
