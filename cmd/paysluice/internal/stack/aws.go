package stack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/handlers/aws/client"
)

// defaultRegion is used when neither an option nor the environment names one. It
// is the region that paysluice supports.
const defaultRegion = "us-east-1"

// ErrConfiguration reports AWS settings that cannot be used.
var ErrConfiguration = errors.New("AWS configuration")

// Options select an account, a region and an endpoint. Empty fields use the usual
// AWS environment.
type Options struct {
	Region, Profile string
	Endpoint        string // of every service, for an emulator
	// Local selects the stack that make up left running. The other options must be
	// empty.
	Local bool
	// Folder is where the search for the local stack begins.
	Folder string
}

// AWS is a configuration for SDK clients.
type AWS struct {
	Config aws.Config
	// Endpoint is the URL of an emulator, "" on AWS.
	Endpoint string
	// Local reports whether the stack is the one that make up left running.
	Local bool
	// Name is the name of the local stack.
	Name string
	// PayPal signs for the local stack; it is nil on AWS.
	PayPal *local.PayPal
}

// Configure returns the AWS configuration for options. Its clients return errors
// of Explain.
func Configure(ctx context.Context, o Options) (AWS, error) {
	var found AWS
	var load []func(*awsconfig.LoadOptions) error
	if o.Local {
		state, err := local.Find(o.Folder)
		if err != nil {
			return AWS{}, err
		}
		bundle, err := os.Open(state.Bundle)
		if err != nil {
			return AWS{}, local.ErrNotRunning
		}
		defer bundle.Close()
		found.Local, found.Name, found.PayPal, o.Endpoint = true, state.Name, state.PayPal, state.URL
		load = append(load, awsconfig.WithRegion(defaultRegion), awsconfig.WithCustomCABundle(bundle),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(state.KeyID, state.Secret, "")))
	}
	load = append(load, awsconfig.WithDefaultRegion(defaultRegion), awsconfig.WithHTTPClient(newHTTPClient()))
	if o.Region != "" {
		load = append(load, awsconfig.WithRegion(o.Region))
	}
	if o.Profile != "" {
		load = append(load, awsconfig.WithSharedConfigProfile(o.Profile))
	}
	if o.Endpoint != "" {
		load = append(load, awsconfig.WithBaseEndpoint(o.Endpoint))
	}
	config, err := awsconfig.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return AWS{}, fmt.Errorf("%w: %w: check --profile, AWS_PROFILE and the files of the AWS CLI", ErrConfiguration, err)
	}
	found.Endpoint = aws.ToString(config.BaseEndpoint) // also from AWS_ENDPOINT_URL
	if u, err := url.Parse(found.Endpoint); found.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return AWS{}, fmt.Errorf("%w: --endpoint-url, or AWS_ENDPOINT_URL, must be a URL such as http://localhost:4566", ErrConfiguration)
	}
	config.HTTPClient = client.BodyBuffer{Next: config.HTTPClient}
	if found.Endpoint != "" {
		config.HTTPClient = newLenient(config.HTTPClient)
	}
	// Commands report errors themselves. The SDK would warn of missing checksums.
	config.Logger = logging.Nop{}
	config.APIOptions = append(config.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("paysluice:explain", explain), middleware.Before)
	})
	found.Config = config
	return found, nil
}

// newHTTPClient returns a client that keeps enough connections for concurrent
// queries. DynamoDB offers no HTTP/2, and the emulator ends such connections after a
// number of requests.
func newHTTPClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = 64
		t.ForceAttemptHTTP2 = false
		t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		t.TLSClientConfig.NextProtos = nil
	})
}

// explain is a middleware that counts calls and passes their errors to Explain.
func explain(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	end := begin(ctx)
	out, metadata, err := next.HandleInitialize(ctx, in)
	end()
	if err != nil {
		err = Explain(err, middleware.GetServiceID(ctx), middleware.GetOperationName(ctx))
	}
	return out, metadata, err
}
