package awsstub

import (
	"bytes"
	"fmt"
	"sync"
)

// Counts are what has reached AWS so far.
type Counts struct {
	Messages    int // in webhook-queue
	DeadLetters int // in webhook-dlq
	Items       int // distinct ones in the table
	Duplicates  int // puts of an item that was there
	Secrets     int // reads
	Objects     int // in the bucket
	Refusals    int // calls that AWS would not have understood
}

// Message is one in webhook-queue.
type Message struct {
	ID string
	// Body is the body between the quotes of its JSON.
	Body []byte
}

type state struct {
	deadLetterURL string

	mu      sync.Mutex
	secrets map[string]string
	counts  Counts
	items   map[string]struct{}
	// feed takes messages, unless it is nil and they are only counted.
	feed func(Message)
}

// Reset empties queue, table and counts. feed takes the messages of
// webhook-queue from now on; nil leaves them in it.
func (s *Stub) Reset(feed func(Message)) {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.counts, s.state.items, s.state.feed = Counts{}, map[string]struct{}{}, feed
}

// Counts are what has reached AWS since Reset.
func (s *Stub) Counts() Counts {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.counts
}

// enqueue keeps a message and numbers it.
func (s *state) enqueue(url string, body []byte) (number int) {
	s.mu.Lock()
	if url == s.deadLetterURL {
		s.counts.DeadLetters++
		number = s.counts.DeadLetters
		s.mu.Unlock()
		return number
	}
	s.counts.Messages++
	number, feed := s.counts.Messages, s.feed
	s.mu.Unlock()
	if feed != nil {
		feed(Message{ID: messageID(number), Body: bytes.Clone(body)})
	}
	return number
}

// store reports whether the key was free.
func (s *state) store(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.items[key]; taken {
		s.counts.Duplicates++
		return false
	}
	s.items[key] = struct{}{}
	s.counts.Items++
	return true
}

func (s *state) secret(arn string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Secrets++
	secret, ok := s.secrets[arn]
	return secret, ok
}

func (s *state) countObject() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Objects++
}

func (s *state) countRefusal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Refusals++
}

func messageID(n int) string { return fmt.Sprintf("00000000-0000-4000-9000-%012d", n) }
