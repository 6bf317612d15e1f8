package memory

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// streamRetention is how long a stream keeps its records (DynamoDB Developer Guide,
// "Change data capture for DynamoDB Streams").
const streamRetention = 24 * time.Hour

// Change is a record of a stream.
type Change struct {
	Sequence string // later changes of a shard have greater ones
	At       time.Time
	Event    string // INSERT or MODIFY
	Item     item
}

// Stream is the stream of a table. Changes of one partition key are in one shard.
type Stream struct {
	mu     sync.Mutex
	now    func() time.Time
	shards [][]Change
	length int
}

// AddStream starts the stream of a table.
func (d *DynamoDB) AddStream(name string, shards int, now func() time.Time) (*Stream, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.find(&name)
	if err != nil {
		return nil, err
	}
	t.stream = &Stream{now: now, shards: make([][]Change, shards)}
	return t.stream, nil
}

// add appends the change of an item to its shard. Without a stream it does nothing.
func (s *Stream) add(t *table, existed bool, i item) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	partition, _ := scalar(i[aws.ToString(t.keys[0].AttributeName)])
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(partition)) // never fails (package hash)
	shard := hash.Sum32() % uint32(len(s.shards))
	event := "INSERT"
	if existed {
		event = "MODIFY"
	}
	s.length++
	s.shards[shard] = append(s.shards[shard], Change{
		Sequence: fmt.Sprintf("%021d", s.length), At: s.now(), Event: event, Item: maps.Clone(i),
	})
}

// Shards returns the number of shards.
func (s *Stream) Shards() int { return len(s.shards) }

// Read returns at most limit changes of a shard after a sequence number, the oldest
// first, and forgets those that are too old.
func (s *Stream) Read(shard int, after string, limit int) []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := s.now().Add(-streamRetention)
	for len(s.shards[shard]) > 0 && s.shards[shard][0].At.Before(oldest) {
		s.shards[shard] = s.shards[shard][1:]
	}
	first, _ := slices.BinarySearchFunc(s.shards[shard], after, func(c Change, after string) int {
		if c.Sequence > after {
			return 1
		}
		return -1
	})
	rest := s.shards[shard][first:]
	return slices.Clone(rest[:min(limit, len(rest))])
}
