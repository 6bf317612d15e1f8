package emulator

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/event/ledger"
)

// subscriberFolder has the worked subscriber of docs/consuming.md.
const subscriberFolder = "test/flow/subscriber"

// SubscriberName is the name of the worked subscriber's function, without the environment
// suffix.
const SubscriberName = "event-subscriber"

// Subscriber is the deployed worked subscriber of a stack.
type Subscriber struct{ *Stack }

// Subscribe builds the worked subscriber, and deploys it or updates it as a stack of its own.
// The stack must publish to a topic or a bus.
func (s *Stack) Subscribe(ctx context.Context, root string) (*Subscriber, error) {
	code, err := subscriberZip(ctx, root)
	if err != nil {
		return nil, err
	}
	arch, err := architecture()
	if err != nil {
		return nil, err
	}
	template, err := os.ReadFile(filepath.Join(root, subscriberFolder, "template.yaml"))
	if err != nil {
		return nil, err
	}
	d, codeKey := Deployment{Suffix: s.Suffix}, "subscriber-"+event.HashPayload(code)[:16]+".zip"
	client := s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	for key, content := range map[string][]byte{codeKey: code, "subscriber.yaml": template} {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: new(d.codeBucket()), Key: &key, Body: bytes.NewReader(content)})
		if err != nil {
			return nil, err
		}
	}
	stack := &Stack{Endpoint: s.Endpoint, Name: SubscriberName + "-" + s.Suffix, Suffix: s.Suffix}
	if err := stack.Put(ctx, s.Endpoint.URL+"/"+d.codeBucket()+"/subscriber.yaml", map[string]string{
		"EnvironmentSuffix": s.Suffix, "TopicArn": s.Outputs["EventTopicArn"], "EventBusName": s.Outputs["EventBusName"],
		"CodeBucket": d.codeBucket(), "CodeKey": codeKey, "Architecture": arch,
	}); err != nil && !isUnchanged(err) {
		return nil, stack.deployError(ctx, err)
	}
	return &Subscriber{stack}, stack.readOutputs(ctx)
}

// isUnchanged reports whether CloudFormation has nothing to update.
func isUnchanged(err error) bool {
	failure, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.HasPrefix(failure.ErrorMessage(), "No updates are to be performed")
}

// subscriberZip returns the zip of the subscriber's function.
func subscriberZip(ctx context.Context, root string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "subscriber-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bootstrap")
	if _, err := run(ctx, command{
		name: "go build subscriber", dir: root,
		args: []string{"go", "build", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", program, "./" + subscriberFolder},
	}); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return archive.Bytes(), err
}

// Payments returns the sums that the subscriber keeps, ordered by provider and id.
func (s *Subscriber) Payments(ctx context.Context) ([]ledger.Payment, error) {
	out, err := dynamodb.NewFromConfig(s.Config()).Scan(ctx, &dynamodb.ScanInput{
		TableName: new(s.Outputs["PaymentsTable"]), ConsistentRead: new(true),
	})
	if err != nil {
		return nil, err
	}
	payments := make([]ledger.Payment, len(out.Items))
	for n, item := range out.Items {
		sums, _ := item["sums"].(*types.AttributeValueMemberS)
		if err := json.Unmarshal([]byte(sums.Value), &payments[n]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(payments, func(a, b ledger.Payment) int {
		return strings.Compare(a.Provider+":"+a.ID, b.Provider+":"+b.ID)
	})
	return payments, nil
}
