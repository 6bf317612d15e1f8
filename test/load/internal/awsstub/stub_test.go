package awsstub_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/load/internal/awsstub"
	"github.com/paysluice/paysluice/test/load/internal/functions"
	"github.com/paysluice/paysluice/test/load/internal/latency"
)

func start(t *testing.T) (*awsstub.Stub, aws.Config) {
	t.Helper()
	s, err := awsstub.Start(map[string]string{"arn:a": `{"endpoints":[{"secret":"\u00e9 \"s\""}]}`}, functions.DeadLetterQueueURL)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(s.Certificate))
	return s, aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &s.URL,
		Credentials:  credentials.NewStaticCredentialsProvider("id", "secret", "token"),
		HTTPClient:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}},
	}
}

// The SDK compares the MD5 of what it sent: an answer that it accepts is one of
// a stub that has read the message right.
func TestSendMessage(t *testing.T) {
	s, config := start(t)
	client := sqs.NewFromConfig(config)
	for _, test := range []struct{ why, body string }{
		{"JSON, whose quotes are escaped", `{"id":"stripe:evt_1","payload":"eyJ9"}`},
		{"nothing to escape", "plain"},
		{"backslashes at the end", `a\\"\`},
		{"control characters and what has four bytes", "a\tb\n\u2028 é 😀 </script>"},
		{"a member's name in the text", `"QueueUrl":"` + functions.DeadLetterQueueURL + `"`},
		{"larger than a buffer", strings.Repeat(`"0123456789`, 20_000)},
	} {
		t.Run(test.why, func(t *testing.T) {
			var fed []byte
			s.Reset(func(m awsstub.Message) { fed = m.Body })
			_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(functions.QueueURL), MessageBody: &test.body})
			require.NoError(t, err)
			assert.Equal(t, awsstub.Counts{Messages: 1}, s.Counts())
			assert.NotEmpty(t, fed)
		})
	}
	s.Reset(func(awsstub.Message) { t.Error("a dead letter is no event") })
	_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(functions.DeadLetterQueueURL), MessageBody: aws.String("x")})
	require.NoError(t, err)
	assert.Equal(t, awsstub.Counts{DeadLetters: 1}, s.Counts())
}

func TestGetSecretValue(t *testing.T) {
	s, config := start(t)
	client := secretsmanager.NewFromConfig(config)
	got, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("arn:a")})
	require.NoError(t, err)
	assert.Equal(t, `{"endpoints":[{"secret":"\u00e9 \"s\""}]}`, *got.SecretString)
	_, err = client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("arn:b")})
	assert.ErrorContains(t, err, "ResourceNotFoundException")
	assert.Equal(t, awsstub.Counts{Secrets: 2, Refusals: 1}, s.Counts())
}

func TestPutItem(t *testing.T) {
	s, config := start(t)
	client := dynamodb.NewFromConfig(config)
	put := func(id, at string) error {
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: aws.String(contract.TableName + "-" + functions.Suffix),
			Item: map[string]ddb.AttributeValue{
				"payload":   &ddb.AttributeValueMemberB{Value: []byte(`{"eventId":{"S":"x"}}`)},
				"eventId":   &ddb.AttributeValueMemberS{Value: id},
				"timestamp": &ddb.AttributeValueMemberN{Value: at},
			},
			ConditionExpression: aws.String("attribute_not_exists(eventId)"),
		})
		return err
	}
	require.NoError(t, put("stripe:evt_1", "1"))
	require.NoError(t, put("stripe:evt_1", "2"), "the key has two parts")
	require.NoError(t, put("stripe:evt_2", "1"))
	var failed *ddb.ConditionalCheckFailedException
	require.ErrorAs(t, put("stripe:evt_2", "1"), &failed)
	assert.Equal(t, awsstub.Counts{Items: 3, Duplicates: 1}, s.Counts())
}

func TestPutObject(t *testing.T) {
	s, config := start(t)
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	for _, size := range []int{10, 3 << 20} { // above 2 MB the client waits for 100 Continue
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(make([]byte, size)),
		})
		require.NoError(t, err)
	}
	assert.Equal(t, awsstub.Counts{Objects: 2}, s.Counts())
}

func TestOtherCallsAreRefused(t *testing.T) {
	s, config := start(t)
	_, err := sqs.NewFromConfig(config).PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(functions.QueueURL)})
	require.Error(t, err)
	assert.Equal(t, 1, s.Counts().Refusals)
}

func TestTrace(t *testing.T) {
	s, config := start(t)
	events := make(chan awsstub.Event, 10)
	s.SetTrace(func(e awsstub.Event) { events <- e })
	// The SDK's own client can lose the connection of an answer that is there
	// before its write has ended (handlers/awsclient, inMemory).
	s.SetLatencies(latency.Fixed(map[string]latency.Figures{awsstub.SendMessage: {}}, 5*time.Millisecond))
	client := sqs.NewFromConfig(config)
	for range 2 {
		_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(functions.QueueURL), MessageBody: aws.String("x")})
		require.NoError(t, err)
	}
	close(events)
	var what []string
	last := time.Time{}
	for e := range events {
		what = append(what, e.What)
		assert.False(t, e.At.Before(last))
		last = e.At
		assert.Equal(t, e.What == awsstub.SendMessage, !e.Answered.IsZero())
	}
	assert.Equal(t, []string{awsstub.EventConnected, awsstub.EventSecured, awsstub.SendMessage, awsstub.SendMessage}, what,
		"one connection for both")
}

// A call takes as long as it is told to: one that would take an hour is not
// answered before the client gives up.
func TestLatency(t *testing.T) {
	s, config := start(t)
	s.SetLatencies(latency.Fixed(map[string]latency.Figures{awsstub.SendMessage: {}}, time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := sqs.NewFromConfig(config).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(functions.QueueURL), MessageBody: aws.String("x")})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Zero(t, s.Counts().Messages)
}
