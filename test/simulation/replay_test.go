package simulation_test

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/paysluice/paysluice/cmd/paysluice/failure"
	"github.com/paysluice/paysluice/cmd/paysluice/replay"
	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

// maxProcesses is the number of processes of paysluice replay that can fail in one
// run. The next one works.
const maxProcesses = 8

// Odds of each kind of fault of a call. A run has few messages, and many calls look
// them up.
const (
	operatorFaults = 0.1
	lookupFaults   = 0.005
)

// replay runs paysluice replay for the whole archive: first while processes are
// killed and services fail, then without faults.
func (w *world) replay() {
	w.calm = false
	w.replayOnce()
	w.calm = true
	w.run()
	for _, m := range w.replayOnce().Missing {
		if m.Reason != contract.ReasonConflict || !m.Again {
			w.violate("without faults a replayed event is stored: %s is not (%s)", m.EventID, m.Reason)
		}
	}
	w.checkRecords()
}

// replayOnce plans a run and starts processes until one has proved it.
func (w *world) replayOnce() replay.Proof {
	var run *replay.Run
	sends := map[string]int{} // of the run, by body
	id := ""
	for n := range maxProcesses + 1 {
		p := &operatorProcess{world: w, faultless: w.calm || n == maxProcesses, sends: sends}
		e := p.engine()
		proof, err := func() (replay.Proof, error) {
			var err error
			if id == "" {
				var plan replay.Plan
				if plan, err = e.Plan(context.Background(), replay.Selection{}, p.progress); err == nil {
					run, err = e.Start(context.Background(), e.NewID(), plan, "operator")
				}
			} else {
				run, err = e.Load(context.Background(), id)
			}
			if err != nil {
				return replay.Proof{}, err
			}
			id = run.ID
			if err := e.Run(context.Background(), run, p.progress); err != nil {
				return replay.Proof{}, err
			}
			return e.Prove(context.Background(), run, p.progress)
		}()
		if len(w.broken) > 0 {
			return proof
		}
		if err == nil {
			w.seen["replayed"] += run.Done()
			w.checkProof(run, proof)
			return proof
		}
		if p.faultless {
			w.violate("archived messages can be sent again: %v", err)
			return replay.Proof{}
		}
		w.seen["replay: resumed"]++
	}
	return replay.Proof{}
}

// checkProof compares a proof with the table.
func (w *world) checkProof(run *replay.Run, proof replay.Proof) {
	missing := map[string]replay.Missing{}
	for _, m := range proof.Missing {
		missing[m.Key] = m
		if m.Again {
			w.seen["replay: failed again"]++
		}
	}
	rows := w.readKept().rows
	inTable := func(e replay.Entry) bool {
		for _, events := range rows {
			for _, row := range events {
				if row.ID == e.EventID && row.Timestamp == e.Timestamp {
					return true
				}
			}
		}
		return false
	}
	for _, e := range run.Entries {
		m, isMissing := missing[e.Key]
		switch stored := inTable(e); {
		case !isMissing && !stored:
			w.violate("a proof is true: %s is not in the table", e.EventID)
		case isMissing && !m.Again && m.Reason == "":
			w.violate("a missing event has a reason: %s has none", e.EventID)
		}
	}
}

// operatorProcess is a process of paysluice replay. Its clients fail, and it can be
// killed before or after the effect of a call.
type operatorProcess struct {
	world     *world
	faultless bool
	dead      bool
	sends     map[string]int
}

var (
	errKilled = errors.New("the operator's process was killed")
	errLost   = errors.New("the connection was lost")
	errBroken = errors.New("a promise is broken")
)

func (p *operatorProcess) engine() *replay.Engine {
	w := p.world
	return &replay.Engine{
		Records: replay.Records{Objects: operatorObjects{w.s3, p}, BucketName: bucketName, Concurrency: 1, Now: time.Now},
		Archive: failure.New(w.s3, bucketName), Table: operatorTable{w.dynamodb, p}, Queue: operatorQueue{w.sqs, p}, Providers: all.All(all.Settings{}),
		TableName: tableName, QueueURL: w.queueURL, DeadLetterURL: w.deadLetterURL,
		Rate: replay.MaxRate, Patience: replay.DefaultPatience,
		Sleep: func(_ context.Context, d time.Duration) error {
			for end := time.Now().Add(d); time.Now().Before(end) && len(w.broken) == 0; {
				w.step()
			}
			if len(w.broken) > 0 {
				return errBroken
			}
			return nil
		},
	}
}

func (p *operatorProcess) progress(s replay.Progress) { p.world.seen["replay: "+string(s.Stage)]++ }

// operatorCall draws the fate of a call. Whether it takes effect does not depend on
// what the process learns of it.
func operatorCall[T any](p *operatorProcess, odds float64, do func() (T, error)) (T, error) {
	var none T
	happens := func() bool { return !p.faultless && p.world.rng.Float64() < odds }
	switch {
	case p.dead:
		return none, errKilled
	case happens():
		p.dead = true
		return none, errKilled
	case happens():
		return none, errLost
	}
	out, err := do()
	switch {
	case happens():
		p.dead = true
		return none, errKilled
	case happens():
		return none, errLost
	}
	return out, err
}

type operatorObjects struct {
	*memory.S3
	p *operatorProcess
}

func (c operatorObjects) PutObject(ctx context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	return operatorCall(c.p, operatorFaults, func() (*s3.PutObjectOutput, error) { return c.S3.PutObject(ctx, in) })
}

type operatorTable struct {
	*memory.DynamoDB
	p *operatorProcess
}

func (c operatorTable) GetItem(ctx context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return operatorCall(c.p, lookupFaults, func() (*dynamodb.GetItemOutput, error) { return c.DynamoDB.GetItem(ctx, in) })
}

type operatorQueue struct {
	*memory.SQS
	p *operatorProcess
}

func (c operatorQueue) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	w := c.p.world
	if !c.p.faultless && w.rng.Float64() < operatorFaults {
		return nil, refusal(sendMessage, w.rng)
	}
	return operatorCall(c.p, operatorFaults, func() (*sqs.SendMessageOutput, error) {
		if c.p.sends[*in.MessageBody]++; c.p.sends[*in.MessageBody] > 1 {
			w.violate("a run sends nothing twice: it sent %s again", requestIDOf(*in.MessageBody))
		}
		w.note("the operator sends a message again")
		return c.SQS.SendMessage(ctx, in)
	})
}

// checkRecords looks for payloads in the records of replays.
func (w *world) checkRecords() {
	ctx, objects := context.Background(), bucket.NewArchive(w.s3, bucketName)
	for key, err := range objects.Keys(ctx, contract.ReplaysPrefix, "") {
		if err != nil {
			w.violate("the records of replays can be listed: %v", err)
			return
		}
		out, err := w.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: new(bucketName), Key: &key})
		if err != nil {
			w.violate("the records of replays can be read: %v", err)
			return
		}
		text, _ := io.ReadAll(out.Body)
		_, _ = w.log.Write(text)
	}
}
