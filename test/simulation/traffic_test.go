package simulation_test

import (
	"fmt"
	"time"
)

// think makes up the next webhook, in bursts and lulls.
func (s *sender) think() {
	rng := s.w.rng
	s.left--
	s.nextAt = s.nextAt.Add(time.Duration(rng.Int64N(int64(s.pace))))
	if rng.IntN(100) == 0 {
		s.pace = 10 * time.Millisecond << rng.IntN(10)
		s.nextAt = s.nextAt.Add(time.Duration(rng.Int64N(int64(20 * time.Minute))))
	}
	s.serial++
	base := anyShape(rng, s.serial, time.Now().Unix()-int64(rng.IntN(3600)))
	switch n := rng.IntN(100); {
	case n < 60:
		s.ordinary(base)
	case n < 68:
		s.rendered(base)
	case n < 72:
		s.rivals(base)
	case n < 75:
		s.untimed(base)
	case n < 79:
		s.odd(base)
	case n < 80:
		s.strange(base)
	default:
		s.dishonest(base)
	}
}

// ordinary is an event, sometimes delivered again with another number of
// pending webhooks.
func (s *sender) ordinary(base shape) {
	c := s.add(newContent(base))
	s.send("event", c, base.body(), 0)
	for s.w.rng.IntN(8) == 0 {
		base.pending = s.w.rng.IntN(3)
		s.send("event again", c, base.body(), time.Duration(s.w.rng.Int64N(int64(20*time.Minute))))
	}
}

func newContent(s shape) *content {
	var created int64
	_, _ = fmt.Sscan(s.created, &created) // stays 0 for what is no number
	return &content{id: s.id, created: created}
}

// rendered is one event in two API versions, for two endpoints.
func (s *sender) rendered(base shape) {
	c := s.add(newContent(base))
	s.send("event", c, base.body(), 0)
	base.version, base.pending = "2020-08-27", 0
	s.send("event in another version", c, base.body(), time.Duration(s.w.rng.Int64N(int64(time.Minute))))
}

// rivals are two contents under one key.
func (s *sender) rivals(base shape) {
	first, second := s.add(newContent(base)), s.add(newContent(base))
	first.rival, second.rival = second, first
	s.send("event", first, base.body(), 0)
	base.serial += 1_000_000
	s.send("rival", second, base.body(), time.Duration(s.w.rng.Int64N(int64(10*time.Minute))))
}

// untimed is an event whose time cannot be read.
func (s *sender) untimed(base shape) {
	base.created = `"yesterday"`
	s.ordinary(base)
}

// odd is signed, but no event.
func (s *sender) odd(base shape) {
	all := oddities()
	o := all[s.w.rng.IntN(len(all))]
	s.send("oddity", s.add(&content{reason: o.reason}), []byte(o.body(base)), 0)
}
