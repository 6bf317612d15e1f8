package client_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

// TestCallIsOneRecordEachWay is what the network part of an SDK call takes, with
// an AWS that answers at once: no connection and no handshake after the first
// call, and one TLS record each way. An answer that is there before the request
// has been written to its end is what costs connections (see inMemory).
func TestCallIsOneRecordEachWay(t *testing.T) {
	var requests atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		var in struct{ MessageBody string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		sum := md5.Sum([]byte(in.MessageBody)) // the SDK compares it with its own
		fmt.Fprintf(w, `{"MessageId":"m-1","MD5OfMessageBody":"%s"}`, hex.EncodeToString(sum[:]))
	})
	api := sqs.NewFromConfig(client.Config(reader(map[string]string{
		client.RegionVar: "us-east-1", client.AccessKeyVar: "id", client.SecretKeyVar: "secret",
		client.EndpointVar: s.URL,
	}), s.client()))
	send := func() {
		_, err := api.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: new(s.URL + "/000000000000/webhook-queue-test"), MessageBody: new(strings.Repeat("x", 4<<10)),
		})
		require.NoError(t, err)
	}
	send()
	records, answers := s.records.Load(), s.answers.Load()

	const calls = 200
	for range calls {
		send()
	}

	assert.EqualValues(t, 1+calls, requests.Load(), "none is tried again")
	assert.EqualValues(t, 1, s.opened.Load(), "one connection, and so one handshake")
	assert.EqualValues(t, calls, s.records.Load()-records)
	assert.EqualValues(t, calls, s.answers.Load()-answers)
}
