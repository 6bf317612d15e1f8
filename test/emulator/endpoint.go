package emulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Endpoint is a running emulator as its clients see it.
type Endpoint struct {
	// URL is https://127.0.0.1:{port}.
	URL string
	// Dir holds all files of the running emulator, its log among them.
	Dir string

	// HTTP trusts the emulator's certificate and nothing else, and uses no
	// proxy.
	HTTP *http.Client

	root  string
	tools tools
}

// connect makes the clients of the emulator at url whose files are in dir.
func connect(root, dir, url string) (*Endpoint, error) {
	tools, err := findTools(root)
	if err != nil {
		return nil, err
	}
	certificate, err := os.ReadFile(filepath.Join(dir, certificateFile))
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	return &Endpoint{
		URL: url, Dir: dir, root: root, tools: tools,
		HTTP: &http.Client{
			Timeout: 30 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{RootCAs: trusted},
				MaxIdleConnsPerHost: 16,
			},
		},
	}, nil
}

// Config is for clients of the AWS SDK, with the rights of the account's root.
// S3 clients also need UsePathStyle.
func (e *Endpoint) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: new(e.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(rootKeyID, rootSecret, ""),
		HTTPClient:   e.HTTP,
	}
}

// AWS runs the real aws command line, with the rights of the account's root,
// and returns its output: JSON, where the command has any.
func (e *Endpoint) AWS(ctx context.Context, args ...string) ([]byte, error) {
	argv, env := e.AWSCommand(args...)
	return run(ctx, command{
		name: "aws " + strings.Join(args[:min(2, len(args))], " "),
		dir:  e.root,
		env:  env,
		args: argv,
	})
}

// AWSCommand is the command that AWS runs, and its environment.
func (e *Endpoint) AWSCommand(args ...string) (argv, env []string) {
	argv = append([]string{e.tools.python, "-I", "-m", "awscli", "--endpoint-url", e.URL}, args...)
	return argv, e.cliEnvironment()
}
