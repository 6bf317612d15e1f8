package emulator

import (
	"os"
	"path/filepath"
	"slices"
)

// Region is the only one that the stack is made for.
const Region = "us-east-1"

// Credentials of the root user of the emulator's one account, 000000000000.
// With AUTH=true nobody else passes without a policy (ministack,
// core/iam_evaluator.py, is_root_access_key).
const (
	rootKeyID  = "test"
	rootSecret = "test"
)

// baseEnvironment is what every process of the stack starts from. Nothing of
// the user's own environment but the PATH gets in: no AWS profile, no
// credentials, no proxy. HOME is the stack's folder, so that no configuration
// file is found and no cache stays behind.
func baseEnvironment(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + dir,
		"TMPDIR=" + dir,
		"LC_ALL=C.UTF-8",
		// Python asks macOS for the system's proxy when no variable names one.
		"NO_PROXY=127.0.0.1",
	}
}

// serverEnvironment is what the emulator runs in. Functions inherit it; then
// their variables and their role's credentials are added (ministack,
// services/lambda_svc.py, _provided_worker_env).
func serverEnvironment(url, port, dir string) []string {
	return append(baseEnvironment(dir),
		"GATEWAY_PORT="+port,
		// The host in the URLs of queues; it would be localhost, for which the
		// certificate is not made.
		"MINISTACK_HOST=127.0.0.1",
		"USE_SSL=1",
		"MINISTACK_SSL_CERT="+filepath.Join(dir, certificateFile),
		"MINISTACK_SSL_KEY="+filepath.Join(dir, keyFile),
		// Evaluates the policies of roles, queues and buckets on every call.
		"AUTH=true",
		// Runs functions as processes of this machine.
		"LAMBDA_EXECUTOR=local",
		// MiniStack removes containers of its own kind from the Docker daemon
		// that it finds when it starts: let it find none.
		"DOCKER_HOST=unix://"+filepath.Join(dir, "no-docker"),
		// Services that would open ports of their own.
		"IOT_MTLS_ENABLED=0",
		"SFTP_ENABLED=0",
		// Where AWS is, and whom to trust, as the emulator's SDK and, for the
		// functions, crypto/x509 read it.
		"AWS_ENDPOINT_URL="+url,
		"AWS_CA_BUNDLE="+filepath.Join(dir, bundleFile),
		"SSL_CERT_FILE="+filepath.Join(dir, bundleFile),
	)
}

// ClientEnvironment leads an AWS SDK or the aws command line to the emulator.
// The aws command line of version 1 needs --endpoint-url all the same: in
// us-east-1 it overlooks AWS_ENDPOINT_URL for SQS (awscli,
// customizations/overridesslcommonname.py).
func (e *Endpoint) ClientEnvironment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + e.URL,
		"AWS_CA_BUNDLE=" + filepath.Join(e.Dir, bundleFile),
		"AWS_ACCESS_KEY_ID=" + rootKeyID,
		"AWS_SECRET_ACCESS_KEY=" + rootSecret,
		"AWS_REGION=" + Region,
		"AWS_DEFAULT_REGION=" + Region,
	}
}

func (e *Endpoint) cliEnvironment() []string {
	return slices.Concat(baseEnvironment(e.Dir), e.ClientEnvironment(), []string{
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=",
	})
}
