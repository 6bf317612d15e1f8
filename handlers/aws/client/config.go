// Package client is what a function's AWS clients share: where and as whom
// they call, the HTTP client they call with, and how often they try.
package client

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/paysluice/paysluice/handlers/function"
)

// Variables that Lambda sets in every function (Lambda Developer Guide, "Defined
// runtime environment variables").
const (
	RegionVar       = "AWS_REGION"
	AccessKeyVar    = "AWS_ACCESS_KEY_ID"
	SecretKeyVar    = "AWS_SECRET_ACCESS_KEY"
	SessionTokenVar = "AWS_SESSION_TOKEN"
)

// EndpointVar leads to something else than AWS, an emulator, for all services at
// once (AWS SDKs and Tools Reference Guide, "Service-specific endpoints").
const EndpointVar = "AWS_ENDPOINT_URL"

// Config is the region, the credentials and the endpoint that the variables
// name; vars remembers what is missing. The SDK's LoadDefaultConfig looks in
// other places too: files, single sign-on, the metadata of an instance. In a
// function there is nothing in them, and the code that looks is part of each
// cold start (docs/performance.md, "What was done"). Of what LoadDefaultConfig
// sets by itself, checksums are set here too: without them S3 is sent none.
func Config(vars *function.Variables, client *HTTPClient) aws.Config {
	c := aws.Config{
		Region: vars.Required(RegionVar),
		Credentials: credentials.NewStaticCredentialsProvider(
			vars.Required(AccessKeyVar), vars.Required(SecretKeyVar), vars.Optional(SessionTokenVar)),
		HTTPClient:                 client,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
	if endpoint := vars.Optional(EndpointVar); endpoint != "" {
		c.BaseEndpoint = &endpoint
	}
	return c
}
