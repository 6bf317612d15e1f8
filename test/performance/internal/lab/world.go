package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/performance/internal/awsstub"
	"github.com/paysluice/paysluice/test/performance/internal/stack"
)

// World is what the functions talk to. All revisions talk to the same one.
type World struct {
	Stub   *awsstub.Stub
	Source *Source

	hosts *paypaltest.Hosts
	dir   string // of certificates
}

// Names of the stack that the world stands in for.
const (
	suffix   = "performance"
	account  = "000000000000"
	api      = "performance"
	queueURL = "https://sqs.us-east-1.amazonaws.com/" + account + "/webhook-queue-" + suffix
)

func secretARN(provider string) string {
	return "arn:aws:secretsmanager:us-east-1:" + account + ":secret:" + provider + "-" + suffix
}

func endpointURL(path string) string {
	return "https://" + api + ".execute-api.us-east-1.amazonaws.com/live/" + path
}

// NewWorld starts everything.
func NewWorld() (*World, error) {
	dir, err := os.MkdirTemp("", "paysluice-")
	if err != nil {
		return nil, err
	}
	authority := paypaltest.NewAuthority(time.Now())
	w := &World{dir: dir, hosts: paypaltest.NewHosts(authority)}
	w.Source = newSource(authority, w.hosts)
	w.Stub = awsstub.Start(w.Source.secrets())
	if err := w.writeRoots(authority.Root.PEM()); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Close stops what NewWorld started. Environments must have ended.
func (w *World) Close() error {
	w.Stub.Close()
	w.hosts.Close()
	return os.RemoveAll(w.dir)
}

// writeRoots writes the certificates that the functions trust: the stub's, that of the
// played PayPal, and the machine's public roots, since a function on Lambda has as many
// to read.
func (w *World) writeRoots(paypal []byte) error {
	bundle := slices.Concat(w.Stub.Certificate, paypal)
	for _, path := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"} {
		if text, err := os.ReadFile(path); err == nil {
			bundle = append(bundle, bytes.TrimSpace(text)...)
			break
		}
	}
	return os.WriteFile(w.path("roots.pem"), bundle, 0o600)
}

func (w *World) path(name string) string { return filepath.Join(w.dir, name) }

// environment returns the variables of a function: the template's, with stand-ins for
// what refers to the stack, and those that Lambda sets (Lambda Developer Guide, "Defined
// runtime environment variables").
func (w *World) environment(f stack.Function) []string {
	standIns := map[string]string{
		"ENVIRONMENT":           suffix,
		"LOG_LEVEL":             "INFO",
		"EVENT_RETENTION_DAYS":  "0",
		"TABLE_NAME":            "WebhookEvents-" + suffix,
		"QUEUE_URL":             queueURL,
		"DEAD_LETTER_QUEUE_URL": strings.Replace(queueURL, "queue", "dlq", 1),
		"BUCKET_NAME":           "failed-webhooks-" + account + "-" + suffix,
		"SECRET_ARN":            secretARN(f.Provider),
		"TOPIC_ARN":             "arn:aws:sns:us-east-1:" + account + ":webhook-events-" + suffix,
		"EVENT_SOURCE":          "urn:paysluice:" + account + ":us-east-1:" + suffix,
		"UNPUBLISHED_QUEUE_URL": strings.Replace(queueURL, "queue", "unpublished", 1),
		"ENDPOINT_URL":          endpointURL(f.Provider),
	}
	env := []string{
		"_HANDLER=bootstrap",
		"AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=ASIAPERFORMANCETEST0",
		"AWS_SECRET_ACCESS_KEY=performance",
		// The token of a role is about this long, and is signed with every call.
		"AWS_SESSION_TOKEN=" + strings.Repeat("performance", 90),
		"AWS_LAMBDA_FUNCTION_NAME=" + f.Name + "-" + suffix,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(int(f.MemoryMB)),
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		// To the stub and to the played PayPal. AWS_CA_BUNDLE would make the SDK read the
		// certificates itself, which it does not on Lambda.
		"AWS_ENDPOINT_URL=" + w.Stub.URL,
		"SSL_CERT_FILE=" + w.path("roots.pem"),
		"SSL_CERT_DIR=" + w.path("none"),
	}
	if f.Provider == "paypal" {
		env = append(env, "HTTPS_PROXY="+w.hosts.URL)
	}
	for name, value := range f.Environment {
		env = append(env, name+"="+value)
	}
	for _, name := range f.References {
		env = append(env, name+"="+standIns[name]) // a function refuses to start without one it needs
	}
	return env
}
