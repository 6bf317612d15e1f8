package emulator

import (
	"os"
	"path/filepath"
	"slices"
)

// Region is the only region that the stack supports.
const Region = "us-east-1"

// Credentials of the root user of account 000000000000. With AUTH=true all other
// users need a policy (ministack, core/iam_evaluator.py, is_root_access_key).
const (
	rootKeyID  = "test"
	rootSecret = "test"
)

// baseEnvironment returns the variables of every process of the stack. Only PATH
// comes from the user's environment: no AWS profile, no credentials, no proxy.
// HOME is the stack's folder, so that processes find no configuration files and
// leave no cache behind.
func baseEnvironment(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + dir,
		"TMPDIR=" + dir,
		"LC_ALL=C.UTF-8",
		// Without it, Python on macOS uses the system's proxy.
		"NO_PROXY=127.0.0.1",
	}
}

// serverEnvironment returns the emulator's environment. Functions inherit it and
// get their own variables and their role's credentials on top (ministack,
// services/lambda_svc.py, _provided_worker_env).
func serverEnvironment(url, port, dir string) []string {
	return append(baseEnvironment(dir),
		"GATEWAY_PORT="+port,
		// The host in queue URLs. The certificate does not cover the default,
		// localhost.
		"MINISTACK_HOST=127.0.0.1",
		"USE_SSL=1",
		"MINISTACK_SSL_CERT="+filepath.Join(dir, certificateFile),
		"MINISTACK_SSL_KEY="+filepath.Join(dir, keyFile),
		// Evaluate the policies of roles, queues and buckets on every call.
		"AUTH=true",
		// Run functions as processes of this machine.
		"LAMBDA_EXECUTOR=local",
		// At its start MiniStack removes its containers from the Docker daemon
		// that it finds. It must not find the user's.
		"DOCKER_HOST=unix://"+filepath.Join(dir, "no-docker"),
		// Disable services that open further ports.
		"IOT_MTLS_ENABLED=0",
		"SFTP_ENABLED=0",
		// The endpoint and the trusted roots, for the emulator's own SDK and for
		// the functions (crypto/x509 reads SSL_CERT_FILE).
		"AWS_ENDPOINT_URL="+url,
		"AWS_CA_BUNDLE="+filepath.Join(dir, bundleFile),
		"SSL_CERT_FILE="+filepath.Join(dir, bundleFile),
	)
}

// ClientEnvironment returns the variables that point an AWS SDK or the aws
// command line to the emulator. Version 1 of the aws command line also needs
// --endpoint-url: in us-east-1 it ignores AWS_ENDPOINT_URL for SQS (awscli,
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
