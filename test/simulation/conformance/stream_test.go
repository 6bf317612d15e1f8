package conformance_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/test/emulator/streamreader"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// mapped is a table with a stream and a function that reads its new items, with partial responses
// and BisectBatchOnFunctionError. The function fails at a record named poison, at each while it is
// down, and as a whole at one named crash.
type mapped interface {
	Put(ctx context.Context, items ...string) error // each twice: new, and changed
	SetDown(bool) error
	Delivered() []string
	// GivenUp returns what the destination got since the last call: "{condition} {records}".
	GivenUp(context.Context) ([]string, error)
}

// recordAge is a MaximumRecordAge in which a function gets its first batch.
const recordAge = 3 * time.Second

func streamRules() []rule {
	return []rule{
		{"Lambda: a stream's records come in their order, again from the first failed one, and none behind it before", func(t *testing.T, s services) {
			m := s.mapping(t, time.Hour, "a")
			await(t, m, "a")
			require.NoError(t, m.SetDown(true))
			require.NoError(t, m.Put(t.Context(), "b", "c", "d"))
			await(t, m, "b")
			time.Sleep(2 * time.Second)
			assert.NotContains(t, m.Delivered(), "c")
			require.NoError(t, m.SetDown(false))
			await(t, m, "d")

			got := m.Delivered()
			assert.Equal(t, []string{"a", "b", "c", "d"}, slices.Compact(slices.Clone(got)))
			assert.Greater(t, len(got), 4, "at least once")
		}},
		{"Lambda: a failed batch is split", func(t *testing.T, s services) {
			m := s.mapping(t, recordAge, "a", "crash")
			requireGivenUp(t, m)
			got := m.Delivered()
			last := len(got) - 1 - slices.Index(reversed(got), "a")
			assert.Greater(t, len(got)-last, 1, "crash comes alone behind it: %v", got)
		}},
		{"Lambda: a record of the maximum age goes to the destination, and later ones arrive", func(t *testing.T, s services) {
			m := s.mapping(t, recordAge, "poison")
			requireGivenUp(t, m)
			require.NoError(t, m.Put(t.Context(), "a"))
			await(t, m, "a")
		}},
	}
}

// await waits until an item was delivered.
func await(t *testing.T, m mapped, item string) {
	t.Helper()
	require.Eventually(t, func() bool { return slices.Contains(m.Delivered(), item) }, time.Minute, 50*time.Millisecond, item)
}

// requireGivenUp requires one message about one record that is too old.
func requireGivenUp(t *testing.T, m mapped) {
	t.Helper()
	var all []string
	require.Eventually(t, func() bool {
		more, err := m.GivenUp(t.Context())
		all = append(all, more...)
		return err == nil && len(all) > 0
	}, time.Minute, 100*time.Millisecond)
	assert.Equal(t, []string{"aged 1"}, all)
}

func reversed(all []string) []string {
	all = slices.Clone(all)
	slices.Reverse(all)
	return all
}

// onEmulator is a mapping of the emulator.
type onEmulator struct{ *streamreader.Reader }

// GivenUp has MiniStack's condition in the words of the rules. Lambda's is not documented.
func (m onEmulator) GivenUp(ctx context.Context) ([]string, error) {
	all, err := m.Reader.GivenUp(ctx)
	for i := range all {
		all[i] = strings.Replace(all[i], "MaxRecordAgeExceeded", "aged", 1)
	}
	return all, err
}

// emulated returns how mappings are made on the emulator.
func emulated(cloud streamreader.Cloud, name func(string) string) func(*testing.T, time.Duration, ...string) mapped {
	return func(t *testing.T, age time.Duration, items ...string) mapped {
		t.Helper()
		r, err := streamreader.New(t.Context(), cloud, name("stream"), t.TempDir(), lambda.CreateEventSourceMappingInput{
			BisectBatchOnFunctionError: new(true), MaximumRecordAgeInSeconds: new(int32(age.Seconds())),
		}, items...)
		require.NoError(t, err)
		return onEmulator{r}
	}
}

// inMemory is a mapping of the simulation: memory.Reader and a function.
type inMemory struct {
	db   *memory.DynamoDB
	name string

	mu        sync.Mutex
	down      bool
	delivered []string
	given     []string
}

// simulated returns how mappings are made in memory.
func simulated(name func(string) string) func(*testing.T, time.Duration, ...string) mapped {
	return func(t *testing.T, age time.Duration, items ...string) mapped {
		t.Helper()
		m := &inMemory{db: memory.NewDynamoDB(), name: name("stream")}
		_, err := m.db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &m.name, KeySchema: []types.KeySchemaElement{{AttributeName: new("id"), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: new("id"), AttributeType: types.ScalarAttributeTypeS}},
		})
		require.NoError(t, err)
		stream, err := m.db.AddStream(m.name, 1, time.Now)
		require.NoError(t, err)
		require.NoError(t, m.Put(t.Context(), items...))
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		go m.run(ctx, stream.NewReader(0, age))
		return m
	}
}

func (m *inMemory) run(ctx context.Context, r *memory.Reader) {
	for ctx.Err() == nil {
		batch, old := r.Next(100)
		if len(old) > 0 {
			m.mu.Lock()
			if n := news(old); n > 0 {
				m.given = append(m.given, fmt.Sprint("aged ", n))
			}
			m.mu.Unlock()
		} else {
			r.Done(m.invoke(batch))
		}
		select {
		case <-ctx.Done():
		case <-time.After(r.Pause()):
		}
	}
}

// news returns how many changes are of new items. The mapping's filter drops the others.
func news(batch []memory.Change) int {
	n := 0
	for _, c := range batch {
		if c.Event == "INSERT" {
			n++
		}
	}
	return n
}

// invoke runs the function and returns how many records are done.
func (m *inMemory) invoke(batch []memory.Change) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, c := range batch {
		id := c.Item["id"].(*types.AttributeValueMemberS).Value
		if c.Event != "INSERT" {
			continue
		}
		m.delivered = append(m.delivered, id)
		switch {
		case id == "crash":
			return 0
		case id == "poison" || m.down:
			return i
		}
	}
	return len(batch)
}

func (m *inMemory) Put(ctx context.Context, items ...string) error {
	for _, id := range items {
		for _, version := range []string{"1", "2"} {
			if _, err := m.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &m.name, Item: item{"id": text(id), "version": text(version)}}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *inMemory) SetDown(down bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
	return nil
}

func (m *inMemory) Delivered() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.delivered)
}

func (m *inMemory) GivenUp(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	given := m.given
	m.given = nil
	return given, nil
}
