package memory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// ReceiveMessage returns up to MaxNumberOfMessages messages, hides them for the
// visibility timeout and never waits. A message that was received
// maxReceiveCount times moves to the dead-letter queue instead and keeps its id,
// attributes and time of sending (SQS Developer Guide, "Using dead-letter
// queues").
func (s *SQS) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	limit := max(1, int(in.MaxNumberOfMessages))
	if limit > 10 {
		return nil, newError("InvalidParameterValue", "MaxNumberOfMessages must be between 1 and 10.")
	}
	hidden := q.visibility
	if in.VisibilityTimeout != 0 {
		hidden = time.Duration(in.VisibilityTimeout) * time.Second
	}
	out := &sqs.ReceiveMessageOutput{}
	now := s.now()
	quiet, noisy := q.byNoise(now)
	for len(quiet)+len(noisy) > 0 && len(out.Messages) < limit {
		next := &quiet
		if len(quiet) == 0 {
			next = &noisy
		}
		m := s.take(next)
		if exhausted, err := s.redrive(q, m); err != nil || exhausted {
			if err != nil {
				return nil, err
			}
			continue
		}
		s.received++
		m.receives++
		m.receipt = fmt.Sprintf("receipt-%d", s.received)
		if m.firstReceived.IsZero() {
			m.firstReceived = now
		}
		if s.disorder.Again == nil || !s.disorder.Again() {
			m.visibleAt = now.Add(hidden)
		}
		out.Messages = append(out.Messages, m.show(in))
	}
	return out, nil
}

// take removes the next message to deliver from visible.
func (s *SQS) take(visible *[]*message) *message {
	i := 0
	if s.disorder.Pick != nil {
		i = s.disorder.Pick(len(*visible))
	}
	m := (*visible)[i]
	*visible = slices.Delete(*visible, i, i+1)
	return m
}

// byNoise returns the visible messages, apart those of noisy groups, which are
// delivered after all others. A group is noisy with at least 30 messages in flight
// that are more than a tenth of all. A message without a group is one of its own
// (SQS Developer Guide, "How Amazon SQS fair queues work"). SQS also counts the
// processing time, and its thresholds are approximate.
func (q *queue) byNoise(now time.Time) (quiet, noisy []*message) {
	inFlight, all := map[string]int{}, 0
	for _, m := range q.messages {
		if m.visibleAt.After(now) {
			inFlight[m.group]++
			all++
		}
	}
	for _, m := range q.visible(now) {
		if n := inFlight[m.group]; m.group != "" && n >= 30 && n*10 > all {
			noisy = append(noisy, m)
		} else {
			quiet = append(quiet, m)
		}
	}
	return quiet, noisy
}

// redrive moves a message that has used up its receives to the dead-letter
// queue.
func (s *SQS) redrive(q *queue, m *message) (moved bool, err error) {
	if q.redrive.DeadLetterTargetARN == "" {
		return false, nil
	}
	limit, err := strconv.Atoi(q.redrive.MaxReceiveCount.String())
	if err != nil || m.receives < limit {
		return false, err
	}
	deadLetters, err := s.findARN(q.redrive.DeadLetterTargetARN)
	if err != nil {
		return false, err
	}
	q.remove(m)
	m.receipt = ""
	deadLetters.messages = append(deadLetters.messages, m)
	return true, nil
}

// show is the message as its receiver sees it, with the attributes that were
// asked for.
func (m *message) show(in *sqs.ReceiveMessageInput) types.Message {
	out := types.Message{
		MessageId:     &m.id,
		Body:          &m.body,
		ReceiptHandle: new(m.receipt),
		MD5OfBody:     new(md5Of(m.body)),
		Attributes:    map[string]string{},
	}
	for name, value := range map[types.MessageSystemAttributeName]string{
		types.MessageSystemAttributeNameApproximateReceiveCount:          strconv.Itoa(m.receives),
		types.MessageSystemAttributeNameMessageGroupId:                   m.group,
		types.MessageSystemAttributeNameSentTimestamp:                    strconv.FormatInt(m.sentAt.UnixMilli(), 10),
		types.MessageSystemAttributeNameApproximateFirstReceiveTimestamp: strconv.FormatInt(m.firstReceived.UnixMilli(), 10),
	} {
		if value != "" && (slices.Contains(in.MessageSystemAttributeNames, types.MessageSystemAttributeNameAll) ||
			slices.Contains(in.MessageSystemAttributeNames, name)) {
			out.Attributes[string(name)] = value
		}
	}
	for name, value := range m.attributes {
		if slices.Contains(in.MessageAttributeNames, "All") || slices.Contains(in.MessageAttributeNames, name) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]types.MessageAttributeValue{}
			}
			out.MessageAttributes[name] = value
		}
	}
	return out
}

// Len returns the number of messages in a queue, including those in flight.
func (s *SQS) Len(url string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(&url)
	if err != nil {
		return 0
	}
	return len(q.messages)
}

// DeleteMessage deletes the message with the handle of its latest receive. An
// older handle succeeds without an effect (SQS API Reference, DeleteMessage).
func (s *SQS) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.find(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	handle := aws.ToString(in.ReceiptHandle)
	if !strings.HasPrefix(handle, "receipt-") {
		return nil, &types.ReceiptHandleIsInvalid{Message: aws.String("The input receipt handle is invalid.")}
	}
	for _, m := range q.messages {
		if m.receipt == handle {
			q.remove(m)
			break
		}
	}
	return &sqs.DeleteMessageOutput{}, nil
}

func (q *queue) visible(now time.Time) []*message {
	var visible []*message
	for _, m := range q.messages {
		if !m.visibleAt.After(now) {
			visible = append(visible, m)
		}
	}
	return visible
}

func (q *queue) remove(m *message) {
	if i := slices.Index(q.messages, m); i >= 0 {
		q.messages = slices.Delete(q.messages, i, i+1)
	}
}

func (q *queue) expire(now time.Time) {
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
		return now.Sub(m.sentAt) > q.retention
	})
}
