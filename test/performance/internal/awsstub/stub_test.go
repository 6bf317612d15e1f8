package awsstub_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/bucket"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
)

// TestSharedObjectIsReadAsWritten: a processor that cannot read the certificate that
// another one kept fetches it, and its first call takes twice as long.
func TestSharedObjectIsReadAsWritten(t *testing.T) {
	stub := awsstub.Start(nil)
	t.Cleanup(stub.Close)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(stub.Certificate))
	client := s3.New(s3.Options{
		BaseEndpoint: &stub.URL, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, // as client.Config sets it
		HTTPClient:                 &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}},
	})
	shared := bucket.NewShared(client, "bucket", 10*time.Second, nil)
	const key = contract.CertificatePrefix + "a"

	assert.Nil(t, shared.Get(t.Context(), key))
	assert.True(t, shared.Create(t.Context(), key, []byte("certificate")))
	assert.False(t, shared.Create(t.Context(), key, []byte("another")))
	assert.Equal(t, "certificate", string(shared.Get(t.Context(), key)))
}
