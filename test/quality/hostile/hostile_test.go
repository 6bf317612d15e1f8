// Package hostile sends bodies that cost a reader more than their bytes to the
// shipped processors, the consumer, the archiver and the publisher, and bounds their memory.
// The reconciler meets such answers of a provider's API.
//
// The processors get signed bodies, which somebody with a leaked secret can send, and
// for PayPal somebody with one genuine transmission.
package hostile

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/client"
	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/processor"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/all"
	"github.com/paysluice/paysluice/handlers/publisher"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/providerapi"
	"github.com/paysluice/paysluice/test/emulator/senders"
	"github.com/paysluice/paysluice/test/quality/runtimeapi"
)

var (
	soak = flag.Duration("soak", 0, "send shapes for this `time`, for example 1h; 0 sends each shape once")
	seed = flag.Uint64("seed", 0, "`seed` of the shapes; 0 draws one")
)

const (
	// memory and the others are the functions' MemorySize, in bytes. Four fifths of it may
	// be resident. The rest is for what Lambda runs beside the function.
	memory, publisherMemory, reconcilerMemory = 256 << 20, 128 << 20, 512 << 20
	// largest is the size of a body that Lambda accepts in base64, in bytes (Lambda
	// Developer Guide, "Lambda quotas").
	largest = 4_500_000

	// attempts is how often a request is sent that a function did not finish in time:
	// on a loaded machine a provider and SQS would repeat it too. The pause between two makes
	// all of them last longer than a failed fetch of PayPal's certificate is remembered, 10 s.
	attempts, pause = 10, 3 * time.Second

	endpointURL = "https://abc.execute-api.us-east-1.amazonaws.com/live/square"
	secret      = "hush"
)

func TestShippedFunctionsKeepTheirMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		fmt.Fprintln(os.Stderr, "hostile shapes were not sent: the shipped functions run on Linux only")
		t.Skip("the shipped functions run on Linux only")
	}
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	f := start(t)
	end := time.Now().Add(*soak)
	for round := 0; round == 0 || time.Now().Before(end); round++ {
		for _, s := range shapes() {
			f.attack(t, rng, s)
			f.compare(t, rng, s)
			if t.Failed() {
				return
			}
		}
		t.Logf("%d shapes: %s", (round+1)*len(shapes()), f.peaks(t))
	}
}

// functions are the running functions and the cloud that they call.
type functions struct {
	cloud   *cloud
	senders []senders.Sender
	running map[string]*runtimeapi.Function // processors by provider, others by binary
	apis    []*providerapi.Server           // that the reconciler asks
	serial  int
}

func start(t *testing.T) *functions {
	t.Helper()
	dir := packaged(t)
	f := &functions{running: map[string]*runtimeapi.Function{}}
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	t.Cleanup(hosts.Close)
	roots := filepath.Join(dir, "roots.pem")
	require.NoError(t, os.WriteFile(roots, authority.Root.PEM(), 0o600))
	f.senders = []senders.Sender{senders.Stripe(), senders.PayPal(authority, hosts), senders.Square(endpointURL)}

	const queueURL = "https://sqs.us-east-1.amazonaws.com/000000000000/"
	secrets, environments := map[string]string{}, map[string][]string{
		contract.ConsumerBinary: {contract.TableNameVar + "=" + contract.TableName, contract.GuardTableNameVar + "=" + contract.GuardTableName},
		contract.ArchiverBinary: nil,
		contract.PublisherBinary: {
			contract.TableNameVar + "=" + contract.TableName, contract.TopicARNVar + "=arn:aws:sns:us-east-1:000000000000:webhook-events",
			contract.UnpublishedQueueURLVar + "=" + queueURL + "webhook-unpublished", contract.EventSourceVar + "=urn:paysluice:000000000000:us-east-1:test",
		},
	}
	for _, s := range f.senders {
		document, err := json.Marshal(s.Document(secret))
		require.NoError(t, err)
		secrets[s.Provider.Name] = string(document)
		environments[s.Provider.Name] = []string{
			contract.ProviderVar + "=" + s.Provider.Name, contract.SecretARNVar + "=" + s.Provider.Name, contract.RetentionDaysVar + "=0",
			"HTTPS_PROXY=" + hosts.URL, "SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + dir,
		}
	}
	environments[contract.ReconcilerBinary] = f.playProviders(t, secrets)
	f.cloud = newCloud(t, secrets)
	for name, env := range environments {
		binary := name
		if !slices.Contains(contract.Binaries(), name) {
			binary = contract.ProcessorBinary
		}
		function, err := runtimeapi.Start(t.Context(), filepath.Join(dir, binary), append(env,
			"GOMAXPROCS=1", // as the template sets it
			client.EndpointVar+"="+f.cloud.url, client.RegionVar+"=us-east-1", client.AccessKeyVar+"=id", client.SecretKeyVar+"=secret",
			contract.EnvironmentVar+"=test", contract.LogLevelVar+"=INFO", contract.BucketNameVar+"=bucket",
			contract.QueueURLVar+"="+queueURL+"webhook-queue", contract.DeadLetterQueueURLVar+"="+queueURL+"webhook-dlq",
			// As for a stack with a new domain, for which Square does not sign yet.
			contract.EndpointURLVar+"=https://hooks.example.com/square", contract.APIURLVar+"="+endpointURL,
		))
		require.NoError(t, err)
		t.Cleanup(func() { _ = function.Stop() })
		f.running[name] = function
	}
	return f
}

// packaged returns a folder with the bootstraps of the zips that are shipped.
func packaged(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "run", "./cmd/paysluice", "package", "--out", dir, "--arch", runtime.GOARCH)
	cmd.Dir, cmd.Stderr = "../../..", os.Stderr
	version, err := cmd.Output()
	require.NoError(t, err)
	for _, binary := range contract.Binaries() {
		found, err := filepath.Glob(filepath.Join(dir, strings.TrimSpace(string(version)), binary+"-*.zip"))
		require.NoError(t, err)
		require.Len(t, found, 1)
		r, err := zip.OpenReader(found[0])
		require.NoError(t, err)
		bootstrap, err := r.Open("bootstrap")
		require.NoError(t, err)
		text, err := io.ReadAll(bootstrap)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, binary), text, 0o755))
		require.NoError(t, r.Close())
	}
	return dir
}

// attack sends a shape to the processors, and ten bodies of it, redelivered and
// changed, through consumer and archiver, and as new items through the publisher.
func (f *functions) attack(t *testing.T, rng *rand.Rand, s shape) {
	t.Helper()
	f.cloud.reset()
	name, members := draw(rng, s, largest-1000)
	for _, s := range f.senders {
		f.receive(t, name, s, f.body(s.Provider.Name, members))
	}

	var first, again, other []events.SQSMessage
	for i := range contract.BatchSize {
		p := []string{"stripe", "paypal", "square"}[i%3]
		name, members = draw(rng, s, processor.MaxInline-1000)
		body := f.body(p, members)
		spaced := strings.Replace(body, "{", "{ ", 1)
		first = append(first, record(t, p, body, body))
		again = append(again, record(t, p, spaced, spaced))
		other = append(other, record(t, p, strings.Replace(body, "{", `{"b":1,`, 1), body))
	}
	for _, batch := range [][]events.SQSMessage{first, again, other} {
		f.handle(t, name, contract.ConsumerBinary, batch)
	}
	assert.Len(t, f.cloud.items, contract.BatchSize)
	f.handle(t, name, contract.ArchiverBinary, other)
	assert.Equal(t, contract.BatchSize, len(f.cloud.archived)-len(f.senders), "beside the large bodies")
	assert.Len(t, f.cloud.guards, 3*3, "two signatures and an id for each of PayPal's three events")
	f.publish(t, name, slices.Concat(first, again))
}

// publish has the publisher publish messages as the new items of a batch, which Lambda bounds
// by the size of an invocation.
func (f *functions) publish(t *testing.T, shape string, messages []events.SQSMessage) {
	t.Helper()
	var batch publisher.Batch
	for i, m := range messages {
		e, err := event.Decode(m.Body)
		require.NoError(t, err)
		keys, image := table.EncodeImage(table.ToItem(e))
		batch.Records = append(batch.Records, publisher.Record{EventName: publisher.Inserted, Change: publisher.Change{
			CreatedAt: float64(time.Now().Unix()), SequenceNumber: strconv.Itoa(i), Keys: keys, NewImage: image,
		}})
	}
	var answer publisher.Response
	for n := 0; n == 0 || n < attempts && len(answer.BatchItemFailures) > 0; n++ {
		answer, f.cloud.published = publisher.Response{}, 0
		f.invoke(t, shape, contract.PublisherBinary, batch, &answer)
	}
	require.Empty(t, answer.BatchItemFailures, "%s: %s", shape, f.lastLine(contract.PublisherBinary))
	assert.GreaterOrEqual(t, f.cloud.published, len(messages), "one that SNS answers late is published again")
}

// body returns a new event's body with these members.
func (f *functions) body(name, members string) string {
	f.serial++
	at := time.Now().UTC()
	switch name {
	case "stripe":
		return fmt.Sprintf(`{"id":"evt_%d","type":"charge.updated","created":%d,%s}`, f.serial, at.Unix(), members)
	case "square":
		return fmt.Sprintf(`{"event_id":"e-%d","type":"payment.updated","created_at":%q,%s}`, f.serial, at.Format(time.RFC3339), members)
	}
	return fmt.Sprintf(`{"id":"WH-%d","event_type":"PAYMENT.CAPTURE.COMPLETED","create_time":%q,%s}`, f.serial, at.Format(time.RFC3339), members)
}

// receive has a processor accept a body.
func (f *functions) receive(t *testing.T, shape string, s senders.Sender, body string) {
	t.Helper()
	var answer events.APIGatewayProxyResponse
	for n := 0; n == 0 || n < attempts && answer.StatusCode == http.StatusServiceUnavailable; n++ {
		time.Sleep(time.Duration(min(n, 1)) * pause)
		f.invoke(t, shape, s.Provider.Name, events.APIGatewayProxyRequest{
			Body:              base64.StdEncoding.EncodeToString([]byte(body)),
			IsBase64Encoded:   true,
			MultiValueHeaders: s.Header([]byte(body), secret, time.Now()),
		}, &answer)
	}
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s: %s", shape, f.lastLine(s.Provider.Name))
}

// record returns the message of a body as its processor writes it. PayPal's has the
// signature of a body.
func record(t *testing.T, name, body, signed string) events.SQSMessage {
	t.Helper()
	p, err := all.All(all.Settings{}).ByName(name)
	require.NoError(t, err)
	e, err := p.Event([]byte(body), provider.Origin{})
	require.NoError(t, err)
	e.Payload, e.PayloadSHA256 = []byte(body), event.HashPayload([]byte(body))
	if p.Descriptor().Guarded {
		e.SignedSHA256 = event.HashPayload([]byte(signed))
	}
	require.LessOrEqual(t, len(body), processor.MaxInline)
	return events.SQSMessage{MessageId: e.ID, Body: event.Encode(e)}
}

// handle has a function handle a batch without a failed record.
func (f *functions) handle(t *testing.T, shape, binary string, batch []events.SQSMessage) {
	t.Helper()
	var answer events.SQSEventResponse
	for n := 0; n == 0 || n < attempts && len(answer.BatchItemFailures) > 0; n++ {
		answer = events.SQSEventResponse{}
		f.invoke(t, shape, binary, events.SQSEvent{Records: batch}, &answer)
	}
	require.Empty(t, answer.BatchItemFailures, "%s: %s", shape, f.lastLine(binary))
}

// lastLine returns the last line that a function logged.
func (f *functions) lastLine(name string) string {
	lines := strings.Split(strings.TrimSpace(f.running[name].Logs()), "\n")
	return lines[len(lines)-1]
}

// invoke sends one request and checks the memory of its function.
func (f *functions) invoke(t *testing.T, shape, name string, request, answer any) {
	t.Helper()
	payload, err := json.Marshal(request)
	require.NoError(t, err)
	require.LessOrEqual(t, len(payload), 6<<20, "Lambda's limit")
	// Longer than Lambda's timeouts: a loaded machine slows a function, and memory is what counts.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	response, err := f.running[name].Invoke(ctx, payload)
	require.NoError(t, err, shape)
	require.NoError(t, json.Unmarshal(response, answer))
	size := memory
	switch name {
	case contract.PublisherBinary:
		size = publisherMemory
	case contract.ReconcilerBinary:
		size = reconcilerMemory
	}
	require.Less(t, f.peak(t, name), size/5*4, "%s, after %s", name, shape)
}

// peak returns the most bytes that a function has had resident: VmHWM of
// /proc/PID/status (proc_pid_status(5)).
func (f *functions) peak(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.running[name].PID()))
	require.NoError(t, err)
	_, rest, found := bytes.Cut(text, []byte("VmHWM:"))
	require.True(t, found)
	kB, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
	require.NoError(t, err)
	return kB << 10
}

func (f *functions) peaks(t *testing.T) string {
	t.Helper()
	var all []string
	for name := range f.running {
		all = append(all, fmt.Sprintf("%s %d MB", name, f.peak(t, name)>>20))
	}
	return strings.Join(all, ", ")
}
