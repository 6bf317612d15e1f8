package simulation_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/handlers/contract"
)

// apiTransport answers requests to the provider's API. It answers some with 429 or 503, and
// some not at all.
type apiTransport struct {
	s *providerSide
	p *operatorProcess
}

func (t apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return operatorCall(t.p, apiFaults/10, func() (*http.Response, error) {
		recorder := httptest.NewRecorder()
		if x := t.s.w.rng.Float64(); !t.p.faultless && x < 3*apiFaults {
			if x < apiFaults {
				recorder.Header().Set("Retry-After", strconv.Itoa(t.s.w.rng.IntN(3)))
			}
			recorder.WriteHeader(map[bool]int{true: http.StatusTooManyRequests, false: http.StatusServiceUnavailable}[x < 2*apiFaults])
			return recorder.Result(), nil
		}
		t.s.api.Config.Handler.ServeHTTP(recorder, r)
		return recorder.Result(), nil
	})
}

// readClient reads the table of a comparison. DynamoDB may leave keys of a batch out
// (DynamoDB API Reference, BatchGetItem).
type readClient struct {
	table interface {
		Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
		GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	}
	p *operatorProcess
}

func (c readClient) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	return operatorCall(c.p, readFaults, func() (*dynamodb.BatchGetItemOutput, error) {
		out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}}
		keys := in.RequestItems[tableName]
		for i, key := range keys.Keys {
			if !c.p.faultless && i > 0 && c.p.world.rng.IntN(500) == 0 {
				keys.Keys = keys.Keys[i:]
				out.UnprocessedKeys = map[string]types.KeysAndAttributes{tableName: keys}
				break
			}
			found, err := c.table.GetItem(ctx, &dynamodb.GetItemInput{TableName: new(tableName), Key: key})
			if err != nil {
				return nil, err
			}
			if found.Item != nil {
				out.Responses[tableName] = append(out.Responses[tableName], found.Item)
			}
		}
		return out, nil
	})
}

// Query answers the two queries of table.Reader: by event id, and by day and time.
func (c readClient) Query(ctx context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return operatorCall(c.p, readFaults, func() (*dynamodb.QueryOutput, error) {
		all, err := c.table.Scan(ctx, &dynamodb.ScanInput{TableName: new(tableName)})
		if err != nil {
			return nil, err
		}
		out := &dynamodb.QueryOutput{}
		for _, item := range all.Items {
			if matches(item, in.ExpressionAttributeNames, in.ExpressionAttributeValues) {
				out.Items = append(out.Items, item)
			}
		}
		return out, nil
	})
}

// matches reports whether an item has the key that #id or #day names, and a time in
// [:from, :to] if the query has one.
func matches(item map[string]types.AttributeValue, names map[string]string, values map[string]types.AttributeValue) bool {
	for place, value := range map[string]string{"#id": ":id", "#day": ":day"} {
		if name := names[place]; name != "" && !assert.ObjectsAreEqual(item[name], values[value]) {
			return false
		}
	}
	if values[":from"] == nil {
		return true
	}
	number := func(v types.AttributeValue) int64 {
		n, _ := v.(*types.AttributeValueMemberN)
		if n == nil {
			return 0
		}
		at, _ := strconv.ParseInt(n.Value, 10, 64)
		return at
	}
	at := number(item[contract.TimestampAttribute])
	return at >= number(values[":from"]) && at <= number(values[":to"])
}

// refillQueue sends a refill's events to webhook-queue, with faults.
type refillQueue struct {
	queue interface {
		SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	}
	p *operatorProcess
}

func (c refillQueue) SendMessage(ctx context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	return operatorCall(c.p, operatorFaults/4, func() (*sqs.SendMessageOutput, error) {
		c.p.world.note("the operator refills an event")
		c.p.world.seen["reconcile: refilled"]++
		return c.queue.SendMessage(ctx, in)
	})
}
