// Command naive is Stripe's processor as one would write it in an afternoon,
// for comparison: the SDK's defaults, the secret fetched by the first request,
// no more checks than the signature, one message, 200. It keeps little of what
// the real one promises.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type processor struct {
	secrets *secretsmanager.Client
	queue   *sqs.Client
	secret  string
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	p := &processor{secrets: secretsmanager.NewFromConfig(cfg), queue: sqs.NewFromConfig(cfg)}
	lambda.Start(p.handle)
}

func (p *processor) handle(ctx context.Context, r events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return events.APIGatewayProxyResponse{StatusCode: 400}, nil
		}
	}
	if p.secret == "" {
		if err := p.readSecret(ctx); err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
	}
	if !p.signed(body, r.Headers["Stripe-Signature"]) {
		return events.APIGatewayProxyResponse{StatusCode: 401}, nil
	}
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		return events.APIGatewayProxyResponse{StatusCode: 400}, nil
	}
	id, _ := event["id"].(string)
	message, err := json.Marshal(map[string]any{"id": id, "type": event["type"], "payload": event})
	if err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	url, text := os.Getenv("QUEUE_URL"), string(message)
	if _, err := p.queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text}); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	log.Printf("accepted %s", id)
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: `{"received":"stripe:` + id + `"}`}, nil
}

func (p *processor) readSecret(ctx context.Context) error {
	arn := os.Getenv("SECRET_ARN")
	out, err := p.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return err
	}
	var document struct{ Endpoints []struct{ Secret string } }
	if err := json.Unmarshal([]byte(*out.SecretString), &document); err != nil {
		return err
	}
	p.secret = document.Endpoints[0].Secret
	return nil
}

// signed checks Stripe's header, "t=…,v1=…".
func (p *processor) signed(body []byte, header string) bool {
	var at, signature string
	for _, part := range strings.Split(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			at = value
		case "v1":
			signature = value
		}
	}
	mac := hmac.New(sha256.New, []byte(p.secret))
	mac.Write([]byte(at + "."))
	mac.Write(body)
	given, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}
