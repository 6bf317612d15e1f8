package emulator

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

// Endpoint is a running emulator as its clients see it.
type Endpoint struct {
	// URL is https://127.0.0.1:{port}.
	URL string
	// Dir holds all files of the running emulator, including its log.
	Dir string

	// HTTP trusts only the emulator's authority and uses no proxy.
	HTTP *http.Client

	root  string
	tools tools

	runner func() (socket string, err error)
	held   io.Closer // keeps the runner alive
}

// connect returns the emulator at url with the files in dir.
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
	e := &Endpoint{
		URL: url, Dir: dir, root: root, tools: tools,
		HTTP: &http.Client{
			Timeout: 30 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{RootCAs: trusted},
				MaxIdleConnsPerHost: 16,
			},
		},
	}
	e.runner = sync.OnceValues(e.startRunner)
	return e, nil
}

// Config returns the configuration for AWS SDK clients, as the account's root
// user. S3 clients also need UsePathStyle.
func (e *Endpoint) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: new(e.URL),
		Credentials:  credentials.NewStaticCredentialsProvider(rootKeyID, rootSecret, ""),
		HTTPClient:   client.BodyBuffer{Next: e.HTTP},
	}
}

// Call is a call that a role's policy allowed.
type Call struct {
	Role     string // its name
	Sid      string // of the statement that allowed the call
	Action   string
	Resource string // an ARN
}

// callsFile is a file in Dir with one JSON object per line. launch.py writes it.
const callsFile = "calls.jsonl"

// Calls returns the distinct calls that roles have made since the emulator
// started.
func (e *Endpoint) Calls() ([]Call, error) {
	file, err := os.Open(filepath.Join(e.Dir, callsFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var calls []Call
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var c Call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	return calls, lines.Err()
}

// awaitTimeout is far longer than the few hundred milliseconds that a function
// takes. A loaded machine takes many times that.
const awaitTimeout = 2 * time.Minute

// Await calls check until it returns nil. After two minutes it returns check's
// last error.
func Await(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, awaitTimeout)
	defer cancel()
	last := context.DeadlineExceeded
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil { // the error of an interrupted call says less
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(100 * time.Millisecond):
		}
	}
}
