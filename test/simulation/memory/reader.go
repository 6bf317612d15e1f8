package memory

import (
	"time"
)

// Reader reads one shard as an event source mapping of Lambda does, with partial responses and
// BisectBatchOnFunctionError (Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB" and
// "Configuring partial batch response"). It has one batch at a time.
type Reader struct {
	stream *Stream
	shard  int
	maxAge time.Duration
	after  string // the checkpoint, a sequence number
	batch  []Change
	limit  int // of the next batch, after a failure was split; 0 for none
	tries  int // of the record behind the checkpoint
}

// NewReader returns a reader from the beginning of a shard. It gives up records older than
// maxAge.
func (s *Stream) NewReader(shard int, maxAge time.Duration) *Reader {
	return &Reader{stream: s, shard: shard, maxAge: maxAge}
}

// Next returns the next batch of at most size records, or instead the records that it gives up:
// the caller names them in the mapping's destination.
func (r *Reader) Next(size int) (batch, old []Change) {
	if r.limit > 0 {
		size = min(size, r.limit)
	}
	r.batch = r.stream.Read(r.shard, r.after, size)
	expired := 0
	for expired < len(r.batch) && r.stream.now().Sub(r.batch[expired].At) > r.maxAge {
		expired++
	}
	if expired == 0 {
		return r.batch, nil
	}
	old = r.batch[:expired]
	r.moveTo(old[expired-1])
	return nil, old
}

// Done ends the batch after its first n records are done. The next batch begins behind them. A
// batch without such a record is split in two, which Done reports.
func (r *Reader) Done(n int) (split bool) {
	if n > 0 {
		r.moveTo(r.batch[n-1])
	}
	if n == len(r.batch) {
		return false
	}
	if r.tries++; n == 0 && len(r.batch) > 1 {
		r.limit = (len(r.batch) + 1) / 2
		return true
	}
	return false
}

func (r *Reader) moveTo(c Change) { r.after, r.limit, r.tries = c.Sequence, 0, 0 }

// Pause returns how long Lambda waits before the next try. It grows with each.
func (r *Reader) Pause() time.Duration { return min(time.Second<<min(r.tries, 10), time.Minute) }

// AtEnd reports whether no record is behind the checkpoint.
func (r *Reader) AtEnd() bool { return len(r.stream.Read(r.shard, r.after, 1)) == 0 }
