package paypaltest

import (
	"context"
	"sync"
)

// Store is a paypal.Store in memory. The processors that use one are instances of one
// stack.
type Store struct {
	// Forgetful returns no object, so that each instance fetches for itself.
	Forgetful bool
	// Down neither reads nor writes.
	Down bool

	mu      sync.Mutex
	objects map[string][]byte
	creates int
}

// Get implements paypal.Store.
func (s *Store) Get(_ context.Context, key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Down || s.Forgetful {
		return nil
	}
	return s.objects[key]
}

// Create implements paypal.Store.
func (s *Store) Create(_ context.Context, key string, data []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.creates++
	if _, taken := s.objects[key]; taken || s.Down {
		return false
	}
	if s.objects == nil {
		s.objects = map[string][]byte{}
	}
	s.objects[key] = data
	return true
}

// Creates returns the number of calls of Create.
func (s *Store) Creates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.creates
}

// Plant replaces the content of every object that has one.
func (s *Store) Plant(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, old := range s.objects {
		if len(old) > 0 {
			s.objects[key] = data
		}
	}
}
