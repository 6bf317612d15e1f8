package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// operator fills the secret and rotates it from time to time.
type operator struct {
	w       *world
	signing []string // secrets that Stripe signs with now
	revoked []revocation
	serial  int

	stored   []string  // secrets in the document; nil while it is invalid
	storedAt time.Time // time of the last change

	at   time.Time
	plan []func() // remaining steps of the current rotation
	left int      // remaining rotations
}

type revocation struct {
	secret string
	at     time.Time
}

func newOperator(w *world) *operator {
	o := &operator{w: w, at: time.Now(), left: w.rng.IntN(5)}
	first := o.newSecret()
	o.signing = []string{first}
	if w.faults.unsetSecret {
		o.wait(2 * time.Minute)
	}
	o.plan = []func(){func() { o.put(first) }}
	return o
}

func (o *operator) newSecret() string {
	o.serial++
	if o.w.plays.sender != nil {
		return fmt.Sprint(mark, o.serial) // PayPal's webhook ids have letters and digits only
	}
	return fmt.Sprintf("whsec_%s_%d", mark, o.serial)
}

func (o *operator) due() bool { return !o.done() && !time.Now().Before(o.at) }

func (o *operator) done() bool { return o.left == 0 && len(o.plan) == 0 }

// settled reports whether a webhook that Stripe signs now must be accepted: no
// faults are injected, and the document has held its secret for longer than the
// time between two reads of the cache (handlers/aws/secret, refreshEvery).
func (o *operator) settled() bool {
	const patience = 15 * time.Second
	return time.Since(o.storedAt) > patience && time.Since(o.w.calmSince) > patience && o.w.calm &&
		slices.ContainsFunc(o.signing, func(secret string) bool { return slices.Contains(o.stored, secret) })
}

// act takes the next step of a rotation, or starts one.
func (o *operator) act() {
	if len(o.plan) == 0 {
		o.left--
		o.rotate()
	}
	o.plan[0]()
	o.plan = o.plan[1:]
	o.wait(5 * time.Minute)
	if len(o.plan) == 0 {
		o.wait(20 * time.Minute)
	}
}

func (o *operator) wait(limit time.Duration) {
	o.at = time.Now().Add(time.Duration(o.w.rng.Int64N(int64(limit))))
}

// rotate plans a rotation with an overlap of both secrets, or without one.
func (o *operator) rotate() {
	last := o.signing[len(o.signing)-1]
	next := o.newSecret()
	if o.w.happens(o.w.faults.badSecret) {
		o.plan = append(o.plan, func() { o.store("{" + mark) })
	}
	if o.w.rng.IntN(2) == 0 {
		o.plan = append(o.plan,
			func() { o.put(last, next) },
			func() { o.signing = []string{last, next} },
			func() { o.signing = []string{next} })
	} else {
		o.plan = append(o.plan, func() { o.signing = []string{next} })
	}
	o.plan = append(o.plan, func() {
		o.put(next)
		o.revoked = append(o.revoked, revocation{last, time.Now()})
	})
}

// put stores a document with these secrets.
func (o *operator) put(secrets ...string) {
	if o.w.plays.sender != nil {
		o.store(o.w.plays.document(secrets...), secrets...)
		return
	}
	type endpoint struct {
		Label  string `json:"label"`
		Secret string `json:"secret"`
	}
	document := struct {
		Endpoints []endpoint `json:"endpoints"`
	}{}
	for _, secret := range secrets {
		document.Endpoints = append(document.Endpoints, endpoint{"main", secret})
	}
	text, _ := json.Marshal(document) // this type always marshals
	o.store(string(text), secrets...)
}

func (o *operator) store(text string, secrets ...string) {
	o.stored, o.storedAt = secrets, time.Now()
	_, err := o.w.secrets.PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{
		SecretId: &o.w.secretARN, SecretString: &text,
	})
	if err != nil {
		o.w.violate("the operator can store a secret: %v", err)
	}
	o.w.note("the operator stores a secret")
}
