package simulation_test

import (
	"context"
	"io"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/aws/queue"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/reconcile"
	"github.com/paysluice/paysluice/handlers/reconcile/source"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
)

const (
	// lostWebhooks is the share of webhooks that never reach the stack.
	lostWebhooks = 0.1
	// listingDelay is how long after its creation an event is listed: minutes at worst
	// (singer-io/tap-stripe#45).
	listingDelay = 5 * time.Minute
	// apiFaults are the odds of each kind of fault of a request to the provider's API, and
	// readFaults those of a read of the table.
	apiFaults, readFaults = 0.1, 0.002
)

// providerSide is what the provider's API lists: the events of the run that have one meaning.
type providerSide struct {
	w      *world
	api    *providerapi.Server
	listed map[*content]bool
}

// newProviderSide makes the API list what the provider made. It renders events otherwise
// than their webhooks, some of Stripe in another version.
func newProviderSide(w *world) *providerSide {
	s := &providerSide{w: w, api: providerapi.Unstarted(w.plays.Descriptor()), listed: map[*content]bool{}}
	bodies := map[*content]string{}
	for _, body := range slices.Sorted(maps.Keys(w.stripe.genuine)) {
		if c := w.stripe.genuine[body]; bodies[c] == "" {
			bodies[c] = body
		}
	}
	for _, c := range w.stripe.contents {
		if c.reason != "" || c.rival != nil || c.created == 0 {
			continue // no event, or one that the provider did not make
		}
		rendered := w.plays.listed(w.rng, bodies[c])
		w.stripe.sign(c, []byte(rendered)) // by TLS
		s.listed[c] = true
		at := time.Unix(c.created, 0)
		s.api.Add(providerapi.Event{ID: c.id, Body: []byte(rendered), Created: at, Hidden: time.Since(at) < listingDelay})
	}
	return s
}

// process is one process of paysluice reconcile. It can be killed between any two calls.
func (s *providerSide) process(faultless bool) (*operatorProcess, *reconcile.Comparison) {
	w := s.w
	p := &operatorProcess{world: w, faultless: faultless, sends: map[string]int{}}
	sleep := func(ctx context.Context, d time.Duration) error {
		for end := time.Now().Add(d); time.Now().Before(end) && len(w.broken) == 0; {
			w.step()
		}
		if p.dead {
			return errKilled
		}
		return nil
	}
	from, err := source.New(w.plays.Descriptor(), source.Options{
		Key: providerapi.Key(), URL: "http://localhost", Transport: apiTransport{s, p}, Now: time.Now, Sleep: sleep,
		Notify: func(string) { w.seen["reconcile: request repeated"]++ },
	})
	if err != nil {
		w.violate("the provider's API has a client: %v", err)
	}
	return p, &reconcile.Comparison{
		Provider: w.plays, Source: from, Now: time.Now,
		Table:   table.NewReader(readClient{w.dynamodb, p}, tableName),
		Archive: bucket.NewArchive(w.s3, bucketName),
	}
}

// run compares, and with refill gets in what is missing. Its processes are killed; the
// next one resumes at the place of the last, in the same range.
func (s *providerSide) run(since, until time.Time, refill, faultless bool) reconcile.Report {
	w := s.w
	at := reconcile.Start(since, until)
	for n := range maxProcesses + 1 {
		p, c := s.process(faultless || n == maxProcesses)
		c.Progress = func(place reconcile.Place) error {
			at = place
			if p.dead {
				return errKilled
			}
			return nil
		}
		if refill {
			gets := &reconcile.Refill{
				Source: c.Source, Now: time.Now, RetentionDays: n % 2 * retentionDays,
				Queue:    queue.NewSender(refillQueue{w.sqs, p}, w.queueURL, time.Minute),
				Payloads: bucket.NewPayloads(operatorObjects{w.s3, p}, bucketName, time.Minute),
			}
			c.Missing = gets.Event
		}
		done, err := c.Run(context.Background(), at)
		if len(w.broken) > 0 || err == nil {
			return done.Report
		}
		if p.faultless {
			w.violate("a comparison comes to its end: %v", err)
			return reconcile.Report{}
		}
		w.seen["reconcile: resumed"]++
	}
	return reconcile.Report{}
}

// check compares a report with what the table and the archive have. Nothing else happens
// meanwhile.
func (s *providerSide) check(r reconcile.Report, since, until time.Time) {
	k := s.w.readKept()
	var want reconcile.Counts
	for c := range s.listed {
		at := time.Unix(c.created, 0)
		if at.Before(since) || !at.Before(until) || s.hidden(c) {
			continue
		}
		want.Listed++
		switch {
		case len(k.rows[c]) > 0:
			want.Stored++
		case len(k.dead[c]) > 0:
			want.Archived++
		case time.Since(at) < 10*time.Minute:
			want.OnTheWay++
		default:
			want.Missing++
		}
	}
	got := r.Counts
	got.StillRetried, got.Unknown = 0, 0
	if got != want {
		s.w.violate("a comparison counts each event once, and as what it is: %+v instead of %+v", got, want)
	}
	s.w.seen["reconcile: missing"] += got.Missing
	s.w.seen["reconcile: on the way"] += got.OnTheWay
	s.w.seen["reconcile: archived"] += got.Archived
}

// hidden reports whether the API does not list an event yet.
func (s *providerSide) hidden(c *content) bool {
	return !s.api.Lists(c.id)
}

// refill runs one seed: webhooks are lost, what is missing is proven, refilled and proven
// again, and then the lost webhooks arrive.
func refill(t *testing.T, p contract.Provider, seed uint64, count int) result {
	t.Helper()
	var r result
	s := loadStack(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, p, seed, s, io.Discard)
		w.stripe.left, w.stripe.lose = count, lostWebhooks
		for len(w.broken) == 0 && w.stripe.left > 0 {
			w.step()
		}
		w.calm, w.calmSince = true, time.Now()
		w.run()
		side := newProviderSide(w)
		defer side.api.Close()
		w.prove(side)
		w.stop()
		r = result{broken: w.broken, accepted: len(side.listed), seen: w.seen}
	})
	return r
}

// prove holds the promises of a refill.
func (w *world) prove(p *providerSide) {
	// Both ends are times of events.
	times := slices.Collect(maps.Keys(p.listed))
	slices.SortFunc(times, func(a, b *content) int { return int(a.created - b.created) })
	since, until := time.Unix(times[len(times)/10].created, 0), time.Now()
	if w.rng.IntN(2) == 0 {
		until = time.Unix(times[len(times)*9/10].created, 0)
	}
	p.check(p.run(since, until, false, false), since, until)

	// Some lost webhooks arrive while the refill runs, and the functions fail too.
	late := w.stripe.lost
	w.rng.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
	w.deliverLate(late[:len(late)/2])
	w.calm = false
	since = time.Unix(times[0].created, 0)
	p.run(since, time.Now(), true, false)
	w.calm, w.calmSince = true, time.Now()
	w.run()

	p.api.Reveal()
	until = time.Unix(times[len(times)-1].created+1, 0)
	for time.Since(until) < 10*time.Minute && len(w.broken) == 0 {
		w.step()
	}
	p.run(since, until, true, true)
	w.run()
	proof := p.run(since, until, false, true)
	p.check(proof, since, until)
	if proof.Missing > 0 || proof.Different > 0 {
		w.violate("after a refill nothing is missing: %+v", proof.Counts)
	}
	w.checkOrigins()

	w.deliverLate(late[len(late)/2:])
	w.run()
	w.checkPromises() // no event twice, and no conflict of one content
	if len(w.broken) == 0 {
		w.replay()
		w.run()
		k := w.readKept()
		for c := range p.listed {
			if len(k.rows[c]) != 1 {
				w.violate("after a refill every event is stored once: %s is in the table %d times", c.id, len(k.rows[c]))
			}
		}
	}
}

// deliverLate sends lost webhooks after all.
func (w *world) deliverLate(all []*delivery) {
	for _, d := range all {
		w.stripe.enqueue(d, time.Duration(w.rng.Int64N(int64(10*time.Minute))))
	}
}

// checkOrigins checks that a row without a request is marked as read from an API.
func (w *world) checkOrigins() {
	for _, rows := range w.readKept().rows {
		for _, e := range rows {
			if (e.RequestID == "") != (e.Origin == event.OriginReconcile) {
				w.violate("what nobody signed is marked: %s has the origin %q", e.ID, e.Origin)
			}
		}
	}
}

// refillsPerRun is the number of webhooks of one run. TestRefill runs a seed of PayPal and
// one of Square, and seeds of Stripe until the tenth of -accepted events were listed.
const refillsPerRun = 300

func TestRefill(t *testing.T) {
	seed, seen, listed := firstSeed(), map[string]int{}, 0
	run := func(p contract.Provider) int {
		r := refill(t, p, seed, refillsPerRun)
		requireKept(t, seed, r)
		for what, count := range r.seen {
			seen[what] += count
		}
		seed++
		return r.accepted
	}
	for _, p := range []contract.Provider{contract.PayPal(), contract.Square()} {
		before := seen["reconcile: refilled"]
		run(p)
		assert.Greater(t, seen["reconcile: refilled"], before, p.Name)
	}
	for listed < *acceptedFlag/10 {
		listed += run(contract.Stripe())
	}
	for _, what := range []string{"missing", "refilled", "resumed", "request repeated"} {
		assert.NotZero(t, seen["reconcile: "+what], "never happened: %s", what)
	}
}
