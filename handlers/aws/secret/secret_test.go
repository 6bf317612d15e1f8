package secret_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/secret"
	"github.com/paysluice/paysluice/handlers/provider"
)

var (
	errDown      = errors.New("secrets manager is down")
	errMalformed = errors.New("malformed")
)

// store is a secret that counts its reads.
type store struct {
	document string
	err      error
	takes    time.Duration // time of a read
	reads    int
	failures []error // reported by the cache
}

func (s *store) read(context.Context) ([]byte, error) {
	s.reads++
	time.Sleep(s.takes)
	return []byte(s.document), s.err
}

func TestSecretThatWasNeverFilledIsNotGone(t *testing.T) {
	withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
		s.err = provider.SecretEmpty
		requireFailure(t, provider.SecretEmpty, c)
		time.Sleep(time.Hour)
		requireFailure(t, provider.SecretEmpty, c)
	})
}

func parse(document []byte) (string, error) {
	if string(document) == "malformed" {
		return "", errMalformed
	}
	return "parsed " + string(document), nil
}

// withCache runs a test on synctest's clock with a cache of the document "one".
func withCache(t *testing.T, test func(t *testing.T, s *store, c *secret.Cache[string])) {
	synctest.Test(t, func(t *testing.T) {
		s := &store{document: "one"}
		test(t, s, secret.New(s.read, parse, time.Now, func(_ context.Context, err error) {
			s.failures = append(s.failures, err)
		}))
	})
}

func requireValue(t *testing.T, want string, c *secret.Cache[string]) {
	t.Helper()
	got, err := c.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func requireFailure(t *testing.T, want error, c *secret.Cache[string]) {
	t.Helper()
	got, err := c.Get(t.Context())
	require.ErrorIs(t, err, want)
	require.Empty(t, got)
}

func TestValueIsReadOnceWhileFresh(t *testing.T) {
	withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
		requireValue(t, "parsed one", c)
		s.document = "two"
		time.Sleep(4*time.Minute - time.Second)
		requireValue(t, "parsed one", c)
		assert.Equal(t, 1, s.reads)
		time.Sleep(time.Second)
		requireValue(t, "parsed two", c)
		assert.Equal(t, 2, s.reads, "after four minutes it is read again")
		assert.Empty(t, s.failures)
	})
}

func TestLastGoodValueIsUsedForFiveMinutes(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*store)
		want   error
	}{
		{"the secret is unreachable", func(s *store) { s.err = errDown }, errDown},
		{"the value was deleted: not as if it was never filled", func(s *store) { s.err = provider.SecretEmpty }, provider.SecretGone},
		{"the new version is malformed", func(s *store) { s.document = "malformed" }, errMalformed},
	} {
		t.Run(row.why, func(t *testing.T) {
			withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
				requireValue(t, "parsed one", c)
				row.change(s)
				time.Sleep(4*time.Minute + 59*time.Second)
				requireValue(t, "parsed one", c)
				require.ErrorIs(t, errors.Join(s.failures...), row.want, "reported while the value is still used")
				time.Sleep(time.Second)
				requireFailure(t, row.want, c)

				s.document, s.err = "two", nil
				time.Sleep(time.Second)
				requireValue(t, "parsed two", c)
			})
		})
	}
}

// A read that times out takes longer than two seconds, and the next caller must
// not wait for another one.
func TestReadsAreTwoSecondsApartAfterAFailure(t *testing.T) {
	for _, takes := range []time.Duration{0, 3 * time.Second} {
		withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
			s.err, s.takes = errDown, takes
			requireFailure(t, errDown, c)
			for range 20 {
				requireFailure(t, errDown, c)
				time.Sleep(99 * time.Millisecond)
			}
			assert.Equal(t, 1, s.reads)
			assert.Len(t, s.failures, 1, "reported once for each read")

			time.Sleep(20 * time.Millisecond)
			s.err = nil
			requireValue(t, "parsed one", c)
			assert.Equal(t, 2, s.reads)
		})
	}
}

func TestRefresh(t *testing.T) {
	for _, row := range []struct {
		why     string
		change  func(*store)
		changed bool
		value   string
	}{
		{"there is a newer secret", func(s *store) { s.document = "two" }, true, "parsed two"},
		{"the secret is the same", func(*store) {}, false, "parsed one"},
		{"the secret cannot be read", func(s *store) { s.document, s.err = "two", errDown }, false, "parsed one"},
		{"the secret is malformed", func(s *store) { s.document = "malformed" }, false, "parsed one"},
	} {
		t.Run(row.why, func(t *testing.T) {
			withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
				requireValue(t, "parsed one", c)
				row.change(s)
				time.Sleep(10 * time.Second)

				value, changed := c.Refresh(t.Context())

				assert.Equal(t, row.changed, changed)
				assert.Equal(t, row.value, value)
				requireValue(t, row.value, c)
				assert.Equal(t, 2, s.reads)
			})
		})
	}
}

func TestRefreshReadsEveryTenSeconds(t *testing.T) {
	withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
		requireValue(t, "parsed one", c)
		for range 60 {
			time.Sleep(time.Second)
			for range 100 {
				_, changed := c.Refresh(t.Context())
				require.False(t, changed)
			}
		}
		assert.Equal(t, 1+6, s.reads, "six in a minute")
	})
}

// In a frozen environment the monotonic clock stops and the wall clock does not.
func TestAgeIncludesTheTimeInAFrozenEnvironment(t *testing.T) {
	before := time.Now()
	after := withMonotonicOf(before, before.Add(5*time.Minute))
	require.Zero(t, after.Sub(before), "the monotonic clock")
	require.Equal(t, 5*time.Minute, after.Round(0).Sub(before), "the wall clock")
	now, s := before, &store{document: "one"}
	c := secret.New(s.read, parse, func() time.Time { return now }, func(context.Context, error) {})
	requireValue(t, "parsed one", c)

	now, s.document = after, "two"

	requireValue(t, "parsed two", c)
}

// TestClockSetBack: a removed entry is refused in time, whatever the clock says.
func TestClockSetBack(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	newCache := func(s *store, now *time.Time) *secret.Cache[string] {
		return secret.New(s.read, parse, func() time.Time { return *now }, func(context.Context, error) {})
	}
	t.Run("a value is read again", func(t *testing.T) {
		now, s := start, &store{document: "one"}
		c := newCache(s, &now)
		requireValue(t, "parsed one", c)
		now, s.document = start.Add(-time.Nanosecond), "two"
		requireValue(t, "parsed two", c)
	})
	t.Run("a value that cannot be read again is not used", func(t *testing.T) {
		now, s := start, &store{document: "one"}
		c := newCache(s, &now)
		requireValue(t, "parsed one", c)
		now, s.err = start.Add(-time.Hour), errDown
		requireFailure(t, errDown, c)
	})
	t.Run("a failure is not repeated", func(t *testing.T) {
		now, s := start, &store{document: "one", err: errDown}
		c := newCache(s, &now)
		requireFailure(t, errDown, c)
		now, s.err = start.Add(-time.Hour), nil
		requireValue(t, "parsed one", c)
	})
	t.Run("Refresh reads", func(t *testing.T) {
		now, s := start, &store{document: "one"}
		c := newCache(s, &now)
		requireValue(t, "parsed one", c)
		now, s.document = start.Add(-time.Second), "two"
		_, changed := c.Refresh(t.Context())
		assert.True(t, changed)
	})
}

// withMonotonicOf returns wall with the monotonic reading of another time, for
// which package time has no function.
func withMonotonicOf(other, wall time.Time) time.Time {
	type layout struct { // of a time.Time
		wall uint64
		ext  int64
		loc  *time.Location
	}
	(*layout)(unsafe.Pointer(&wall)).ext = (*layout)(unsafe.Pointer(&other)).ext
	return wall
}

func TestConcurrentCallersShareOneRead(t *testing.T) {
	withCache(t, func(t *testing.T, s *store, c *secret.Cache[string]) {
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				got, err := c.Get(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, "parsed one", got)
			})
		}
		callers.Wait()
		assert.Equal(t, 1, s.reads)
	})
}

const arn = "arn:aws:secretsmanager:us-east-1:1:secret:stripe-secret-test-AbCdEf"

type client func(context.Context, *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error)

func (c client) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return c(ctx, in)
}

func TestReader(t *testing.T) {
	denied := errors.New("AccessDeniedException")
	for _, row := range []struct {
		why  string
		out  *secretsmanager.GetSecretValueOutput
		err  error
		want string
		fail error
	}{
		{"put-secret-value --secret-string", &secretsmanager.GetSecretValueOutput{SecretString: new("text")}, nil, "text", nil},
		{"put-secret-value --secret-binary", &secretsmanager.GetSecretValueOutput{SecretBinary: []byte("bytes")}, nil, "bytes", nil},
		{"no value: AWS reports a missing version", nil, &types.ResourceNotFoundException{}, "", provider.SecretEmpty},
		{"no value: an emulator returns an empty string", &secretsmanager.GetSecretValueOutput{SecretString: new("")}, nil, "", provider.SecretEmpty},
		{"no permission", nil, denied, "", provider.SecretUnreachable},
		{"no permission: the cause is kept", nil, denied, "", denied},
	} {
		t.Run(row.why, func(t *testing.T) {
			read := secret.Reader(client(func(_ context.Context, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
				assert.Equal(t, arn, *in.SecretId)
				return row.out, row.err
			}), arn)

			got, err := read(t.Context())

			require.ErrorIs(t, err, row.fail)
			assert.Equal(t, row.want, string(got))
		})
	}
}

func TestReaderTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := secret.Reader(client(func(ctx context.Context, _ *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}), arn)
		start := time.Now()

		_, err := read(t.Context())

		require.ErrorIs(t, err, provider.SecretUnreachable)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}
