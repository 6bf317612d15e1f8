package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/cmd/paysluice/internal/doctor"
	"github.com/paysluice/paysluice/cmd/paysluice/internal/output"
	"github.com/paysluice/paysluice/handlers/event"
)

// serveStack is an account with a stack of one table, and the given answers.
func serveStack(t *testing.T, handler func(http.Handler) http.Handler, answers account) {
	t.Helper()
	whole := account{"DescribeStacks": `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName><StackId>arn:s</StackId><Description>paysluice</Description>
<Outputs><member><OutputKey>TableName</OutputKey><OutputValue>t</OutputValue></member><member><OutputKey>BucketName</OutputKey><OutputValue>b</OutputValue></member>
<member><OutputKey>TableStreamArn</OutputKey><OutputValue>arn:stream</OutputValue></member></Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`}
	maps.Copy(whole, answers)
	server := httptest.NewServer(handler(whole))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_MAX_ATTEMPTS": "1", "AWS_REGION": "us-east-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "PAYSLUICE_STACK": "s", "PATH": "",
	} {
		t.Setenv(name, value)
	}
}

// described returns an account with one stack: its name, and more of its members in XML.
func described(more string) account {
	return account{"DescribeStacks": "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>" + more + "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"}
}

func plain(h http.Handler) http.Handler { return h }

// missing says that S3 has no object with a key that ends with "gone".
func missing(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/gone") {
			h.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
	})
}

// rows returns n versions of an event as the table and its stream answer them.
func rows(n int, hash string) account {
	var all []string
	now := time.Now().UnixMilli()
	for i := range n {
		all = append(all, fmt.Sprintf(`{"eventId":{"S":"stripe:e"},"provider":{"S":"stripe"},"category":{"S":"refund.succeeded"},"objectId":{"S":"re_1"},
"paymentId":{"S":"pi_1"},"amount":{"S":"5.00"},"currency":{"S":"EUR"},"timestamp":{"N":"%d"},"receivedAt":{"N":"%d"},"payload":{"B":"e30="},"payloadSha256":{"S":%q}}`,
			now+int64(i), now, hash))
	}
	list := strings.Join(all, ",")
	archived := event.Archived{Event: &event.Event{ID: "stripe:e", Provider: "stripe", ReceivedAt: now, PayloadSHA256: event.HashPayload(nil)}}
	return account{
		"Query": `{"Items":[` + list + `]}`, "BatchGetItem": `{"Responses":{"t":[` + list + `]}}`,
		"versions": `<ListVersionsResult><Version><Key>` + archived.Key() + `</Key></Version></ListVersionsResult>`, "?delete": "!",
		"DescribeStream": `{"StreamDescription":{"Shards":[{"ShardId":"a"}]}}`, "GetShardIterator": `{"ShardIterator":"i"}`,
		"GetRecords": fmt.Sprintf(`{"Records":[{"eventName":"INSERT","dynamodb":{"Keys":{"eventId":{"S":"stripe:e"},"timestamp":{"N":"%d"}},"SequenceNumber":"1","ApproximateCreationDateTime":%d}}]}`, now, now/1000),
	}
}

// spoiled returns the same rows with an amount that is a number.
func spoiled(answers account) account {
	changed := account{}
	for call, answer := range answers {
		changed[call] = strings.ReplaceAll(answer, `"amount":{"S"`, `"amount":{"N"`)
	}
	return changed
}

// mixed returns the answers of an account with a row that is not an event beside one that is.
func mixed() account {
	good := rows(1, "h")
	_, bad, _ := strings.Cut(strings.ReplaceAll(spoiled(good)["Query"], "stripe:e", `stripe:bad\u001b`), "[")
	good["Query"] = strings.TrimSuffix(good["Query"], "]}") + "," + bad
	return good
}

func TestCommandsOnRows(t *testing.T) {
	hash := event.HashPayload([]byte("{}"))
	failed, key := inArchive("stripe:e")
	empty, unlisted := rows(0, hash), rows(0, hash)
	twice := "<Contents><Key>" + key + "</Key></Contents>"
	failed["list-type"] = strings.Replace(failed["list-type"], twice, twice+twice, 1)
	failed["FilterLogEvents"], empty["list-type"], unlisted["list-type"] = "{}", "<ListBucketResult/>", "!"
	var out bytes.Buffer
	for _, tt := range []struct {
		why, command string
		rows         account
		out          io.Writer
		code         int
		says         string
	}{
		{"a list that --limit ends", "events list --limit 1", rows(2, hash), &out, exitDone, "the list ends after 1 event; --limit shows more\n"},
		{"an export of one event", "events export --limit 1", rows(1, hash), &out, exitDone, "\n1 event\n"},
		{"a version below the other", "events get stripe:e", rows(2, hash), &out, exitDone, "\n\neventId"},
		{"one document for both versions", "events get stripe:e -o json", rows(2, hash), &out, exitDone, "\n  },\n  {\n    \"schema\""},
		{"stdout is closed", "events get stripe:e", rows(1, hash), broken{}, exitFailed, errBroken.Error()},
		{"which body is not clear", "events payload stripe:e", rows(2, hash), &out, exitFailed, "the provider sent this id with several times"},
		{"another body", "events payload stripe:e", rows(1, "x"), &out, exitFailed, "payload"},
		{"a sample of the plan", "events erase stripe:e --yes", rows(7, hash), &out, exitFailed, "  … and 2 more\n"},
		{"a day without rows", "events list --livemode true", rows(0, hash), &out, exitDone, ""},
		{"a refund without its payment", "payment pi_1", rows(1, hash), &out, exitFound, "no event says that the payment succeeded"},
		{"an archived event", "events get stripe:e", failed, &out, exitFailed, "not found: stripe:e is not stored: it was archived on "},
		{"why and what to do", "events payload stripe:e", failed, &out, exitFailed,
			", and docs/reasons.md explains the reason conflict; paysluice failures show stripe:e has the message, and paysluice replay " + key + " sends it again\n"},
		{"its trace", "trace stripe:e", failed, &out, exitFound, "archived, not stored: docs/reasons.md explains the reason, and paysluice failures show stripe:e has the message; ids: stripe:e\n"},
		{"its stages", "trace stripe:e", failed, &out, exitFound, "archived, reason conflict, archivedTo s3://b/" + key},
		{"a message that is no event", "trace r1", account{"FilterLogEvents": `{"events":[{"message":"{\"apiRequestId\":\"r1\",\"archivedTo\":\"k\"}"}]}`}, &out, exitFound,
			"explains the reason, and paysluice failures list has the message; ids: r1\n"},
		{"the archive cannot be read", "events get stripe:e", unlisted, &out, exitFailed, "in table t: paysluice trace stripe:e looks in the logs and in the archive; the archive could not be searched: list s3://b/stripe/: "},
		{"no event's id", "events get e", unlisted, &out, exitFailed, "an event's id begins with its provider"},
		{"no such event", "events get stripe:e", empty, &out, exitFailed, "in table t: paysluice trace stripe:e looks in the logs and in the archive\n"},
		{"no such message", "failures show stripe:e", account{"list-type": "<ListBucketResult></ListBucketResult>"}, &out, exitFailed, "of event stripe:e: paysluice trace stripe:e says what became of it\n"},
		{"no event", "payment pi_1", rows(0, hash), &out, exitFailed, "no event of a payment"},
		{"a row that is not an event", "events list -o csv", mixed(), &out, exitFound, `left out: row of eventId "stripe:bad\x1b"`},
		{"the others are listed", "events list -o csv", mixed(), &out, exitFound, "5.00,EUR,stripe:e"},
		{"the others are exported", "events export -o csv", mixed(), &out, exitFound, "5.00,EUR,stripe:e"},
		{"nothing but such rows", "events export", spoiled(rows(1, hash)), &out, exitFound, "not an event item: amount is a *types.AttributeValueMemberN"},
		{"a payment with such a row", "payment pi_1", mixed(), &out, exitFound, `left out: row of eventId "stripe:bad`},
		{"CSV says it on stderr", "payment pi_1 -o csv", mixed(), &out, exitFound, `left out: row of eventId "stripe:bad`},
		{"so does NDJSON", "payment pi_1 -o ndjson", rows(1, hash), &out, exitFound, "check: no event says that the payment succeeded"},
		{"stdout is closed", "payment pi_1", rows(1, hash), broken{}, exitFailed, errBroken.Error()},
		{"stdout is closed", "status", account{
			"Query": "{}", "FilterLogEvents": "{}", "ListStackResources": "<ListStackResourcesResponse><ListStackResourcesResult/></ListStackResourcesResponse>",
			"GetQueueAttributes": `{"Attributes":{"ApproximateNumberOfMessages":"0","ApproximateNumberOfMessagesNotVisible":"0","ApproximateNumberOfMessagesDelayed":"0"}}`,
		}, broken{}, exitFailed, errBroken.Error()},
		{"a prefix of an older release", "replay -bucket b -prefix= --dry-run", account{"list-type": "<ListBucketResult/>"}, &out, exitDone, "no archived message matches"},
		{"the variables of a script are not set", "replay -bucket= -queue q -prefix= --dry-run", nil, &out, exitUsage, "--bucket and --prefix are empty"},
		{"another application's stack", "destroy --yes", described("<Description>A website</Description>"), &out, exitFailed, "no paysluice stack: s is the stack of another application"},
		{"a stack that is being created", "events list", described("<Description>paysluice</Description><StackStatus>CREATE_IN_PROGRESS</StackStatus>"), &out, exitFailed, "the stack has no outputs: s has the status CREATE_IN_PROGRESS: repeat the command when it is deployed"},
		{"a first deployment that failed", "destroy --yes", described("<Description>paysluice</Description><StackStatus>ROLLBACK_COMPLETE</StackStatus>"), &out, exitFailed,
			"aws cloudformation describe-stack-events --stack-name s. Then delete the stack and deploy it again: aws cloudformation delete-stack --stack-name s --region us-east-1\n"},
		{"exact times", "trace stripe:e -o csv", rows(1, hash), &out, exitDone, "Z,0s,stripe-processor,received"},
	} {
		out.Reset()
		var problems bytes.Buffer
		serveStack(t, plain, tt.rows)
		assert.Equal(t, tt.code, Run(t.Context(), strings.Fields(tt.command), nil, tt.out, &problems), "%s: %s", tt.why, &problems)
		assert.Contains(t, out.String()+problems.String(), tt.says, tt.why)
	}
}

// What somebody wrote into a row is no command for a terminal.
func TestHostileRows(t *testing.T) {
	hostile := rows(1, event.HashPayload([]byte("{}")))
	for call, answer := range hostile {
		hostile[call] = strings.NewReplacer("EUR", `E\u001b[2JR`, "stripe:e", `stripe:e\u001b[2J`, "refund.succeeded", `payment.succeeded`,
			"re_1", `pi_1`).Replace(answer)
	}
	for _, command := range []string{"payment pi_1", "events erase stripe:e --yes", "events get stripe:e", "events list"} {
		var out bytes.Buffer
		serveStack(t, plain, hostile)
		Run(t.Context(), strings.Fields(command), nil, &out, &out)
		assert.NotContains(t, out.String(), "\x1b", command)
		assert.Contains(t, out.String(), `\x1b[2J`, command)
	}
}

// JSON has no members for fields that a command does not read.
func TestNoEmptyMembers(t *testing.T) {
	for command, whole := range map[string]bool{
		"events list -o json": false, "events list -o ndjson": false, "payment pi_1 -o json": false, "payment pi_1 -o ndjson": false,
		"events export": true, "events get stripe:e -o json": true,
	} {
		var out, problems bytes.Buffer
		serveStack(t, plain, rows(1, "h"))
		Run(t.Context(), strings.Fields(command), nil, &out, &problems)
		assert.Contains(t, out.String(), `stripe:e"`, "%s: %s", command, &problems)
		for _, member := range []string{`"schema":`, `"payloadSha256":`} {
			assert.Equal(t, whole, strings.Contains(out.String(), member), "%s of %s", member, command)
		}
	}
}

func TestTraceOfARequest(t *testing.T) {
	logs := account{"Query": `{"Items":[]}`, "FilterLogEvents": `{"events":[{"eventId":"1","timestamp":5,"message":"START"},
{"eventId":"2","timestamp":5,"message":"{\"apiRequestId\":\"request-10\"}"},
{"eventId":"3","timestamp":5,"message":"{\"apiRequestId\":\"request-1\",\"eventId\":\"stripe:e\",\"requestId\":\"request-1\",\"msg\":\"failed\"}"}]}`}
	trace := func(out io.Writer, changed string) (int, string) {
		answers := maps.Clone(logs)
		answers[changed] = "!"
		serveStack(t, plain, answers)
		var problems bytes.Buffer
		return Run(t.Context(), []string{"trace", "request-1"}, nil, out, &problems), problems.String()
	}
	var out bytes.Buffer
	code, problems := trace(&out, "none")
	assert.Equal(t, exitFound, code)
	assert.Contains(t, out.String(), "failed\n")
	assert.Equal(t, "not stored; ids: request-1, stripe:e\n", problems, "it is in the logs alone")
	code, _ = trace(broken{}, "none")
	assert.Equal(t, exitFailed, code)
	for _, name := range []string{"Query", "FilterLogEvents", "DescribeStacks"} {
		code, _ = trace(io.Discard, name)
		assert.Equal(t, exitFailed, code, name)
	}
}

// A forwarding tail ends with what stops it.
func TestForwardFails(t *testing.T) {
	hash := event.HashPayload([]byte("{}"))
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	foreign := filepath.Join(dir, "foreign")
	require.NoError(t, writePlace(foreign, keptTail{Stack: "arn:other"}))
	cancel := func() {}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cancel":
			cancel()
		case "/block":
			_ = os.Mkdir(file+".new", 0o700)
		}
	}))
	defer server.Close()
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "")
	for _, tt := range []struct {
		why, path, args, hash, says string
	}{
		{"no folder for the place", "", "", hash, "name a file with --place"},
		{"a broken place", "", "--place " + file, hash, "is not the place of a tail"},
		{"no stream", "", "--since 1h --place " + file, "!", "GetRecords"},
		{"the place is kept before the first event", "", "--place " + file, "spoiled", "to continue: the same command again\n"},
		{"another body is named", "", "--since 1h --place " + file, "x", "left out: stripe:e: the payload does not match payloadSha256"},
		{"the bucket has no body", "", "--since 1h --place " + file, "gone", "left out: stripe:e: get s3://b/gone: "},
		{"the body cannot be read now", "", "--since 1h --place " + file, "denied", "to continue: the same command without --since\npaysluice events tail: stripe:e: get s3://b/denied: "},
		{"an erased body is named", "", "--since 1h --place " + file, "erased", "left out: the payload of stripe:e was erased on 1970-01-01"},
		{"nowhere to keep the place", "", "--since 1h --place " + filepath.Join(file, "place"), hash, "not a directory"},
		{"an interrupt", "/cancel", "--since 1h --place " + file, hash, "to continue: the same command without --since\n"},
		{"an unreadable row is named", "", "--since 1h --place " + file, "spoiled", "left out: row of eventId"},
		{"the place cannot be written any more", "/block", "--since 1h --place " + file, hash, "is a directory"},
		{"the place cannot be written at all", "", "--since 1h --place " + file, hash, "is a directory"},
		{"the place of another stack is not overwritten", "", "--since 1h --place " + foreign, hash, "is the place of a tail of another stack, arn:other: name another file with --place"},
	} {
		answers := rows(1, tt.hash)
		if tt.hash == "!" {
			answers["GetRecords"] = tt.hash
		}
		if tt.hash == "spoiled" {
			answers = spoiled(answers)
		}
		if tt.hash == "erased" {
			answers["BatchGetItem"] = strings.Replace(answers["BatchGetItem"], `"payload"`, `"erasedAt":{"N":"1"},"payload"`, 1)
		}
		if tt.hash == "gone" || tt.hash == "denied" {
			answers["BatchGetItem"] = strings.Replace(answers["BatchGetItem"], `"payload"`, `"payloadRef":{"S":"`+tt.hash+`"},"payload"`, 1)
			answers["x-id=GetObject"] = "!"
		}
		serveStack(t, missing, answers)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		cancel = stop
		problems := &canceller{cancel: stop, at: "left out"}
		code := Run(ctx, strings.Fields("events tail --forward-to "+strings.Replace(server.URL, "//", "//user:hidden@", 1)+tt.path+"?token=hidden "+tt.args), nil, io.Discard, problems)
		stop()
		assert.NotEqual(t, exitDone, code, tt.why)
		assert.Contains(t, problems.String(), tt.says, tt.why)
		assert.NotContains(t, problems.String(), "hidden", tt.why)
	}
}

// An interrupt ends a console that waits, and a doctor that asks.
func TestConsoleAndDoctorAreInterrupted(t *testing.T) {
	for command, says := range map[string]string{"console": "open the link yourself", "doctor": "context canceled"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		serveStack(t, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(body), "DescribeStacks") {
					cancel()
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				h.ServeHTTP(w, r)
			})
		}, nil)
		log := &canceller{cancel: cancel, at: says}
		code := Run(ctx, []string{command}, nil, io.Discard, log)
		assert.Equal(t, command == "console", code == exitDone, "Ctrl-C is the console's usual end")
		assert.Contains(t, log.String(), says)
	}
}

// canceller interrupts a command as soon as it says something.
type canceller struct {
	text   bytes.Buffer
	cancel func()
	at     string
}

func (c *canceller) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte(c.at)) {
		c.cancel()
	}
	return c.text.Write(text)
}

func (c *canceller) String() string { return c.text.String() }

func TestResultsOfSeveralFindings(t *testing.T) {
	results := []doctor.Result{{Check: "clock", Findings: []doctor.Finding{{Subject: "a", Problem: "late", Do: "set it"}, {Subject: "b", Do: "set it"}}}}
	for format, want := range map[output.Format]string{output.Table: "clock  2 findings\n", output.CSV: "clock,,b,"} {
		var out bytes.Buffer
		require.ErrorIs(t, (&app{out: &out, format: format}).printResults(results), errFound)
		assert.Contains(t, out.String(), want)
	}
}

// What is refused before the archive is no failure of stats, which only says why.
func TestStatsSaysWhySignaturesDidNotMatch(t *testing.T) {
	handler := plain
	run := func(ctx context.Context, logs string, args ...string) (code int, stderr string) {
		serveStack(t, handler, account{"FilterLogEvents": logs, "list-type": "<ListBucketResult></ListBucketResult>"})
		var problems bytes.Buffer
		code = Run(ctx, append([]string{"failures", "stats"}, args...), nil, io.Discard, &problems)
		return code, problems.String()
	}
	const line = `{"events":[{"timestamp":1,"message":"{\"hint\":\"body_end (proven): x\"}"}]}`
	code, stderr := run(t.Context(), line, "--provider", "stripe", "--since", "1h")
	assert.Equal(t, exitDone, code, stderr)
	assert.Equal(t, "no archived message matches\nstripe rejected 1: body_end (proven): x\n", stderr)
	_, stderr = run(t.Context(), line, "--reason", "conflict")
	assert.Equal(t, "no archived message matches\n", stderr, "a reason is that of an archived message")
	code, stderr = run(t.Context(), "!")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stderr, "why signatures did not match is not known: ")

	ctx, cancel := context.WithCancel(t.Context())
	handler = func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "FilterLogEvents") {
				cancel()
			}
			h.ServeHTTP(w, r)
		})
	}
	code, _ = run(ctx, line)
	assert.Equal(t, exitInterrupted, code)
	serveStack(t, plain, nil)
	assert.Equal(t, exitFailed, Run(t.Context(), []string{"failures", "stats", "-o", "json"}, nil, broken{}, io.Discard))
}

// Ctrl-C ends a list with the flags that continue it.
func TestInterruptedListsSayHowToGoOn(t *testing.T) {
	paged := rows(2, "h")
	paged["Query"] = strings.Replace(paged["Query"], "{", `{"LastEvaluatedKey":{"eventId":{"S":"x"}},`, 1)
	archive := account{
		"stripe/2026": string(event.EncodeArchived(event.Archived{FailureReason: "conflict"})),
		"list-type": `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>` +
			strings.Repeat(`<Contents><Key>stripe/2026/03/01/k</Key></Contents>`, 32) + `</ListBucketResult>`,
	}
	for _, tt := range []struct {
		command, call string // the command is interrupted by the nth call
		nth           int
		rows          account
		says          string
	}{
		{"events export", "BatchGetItem", 3, rows(2, "h"), `\d+ events?\nto continue: the same command with --until 20\S+Z --since 20\S+Z --continued and another --file\n`},
		{"events list --limit 0", "Query", 200, rows(2, "h"), `^to continue: the same command with --until 20\S+Z --since 20\S+Z --continued\n`},
		{"events list --limit 0 --payment pi_1", "Query", 4, paged, `^to continue: the same command with --until 20\S+Z\npaysluice`},
		{"events list --limit 0", "Query", 1, rows(0, "h"), `^paysluice events list: context canceled\n`},
		{"failures list --limit 0", "list-type", 2, archive, `^to continue: the same command with --after stripe/2026/03/01/k\n`},
		{"failures list --limit 0 --since 2026-03-01", "list-type", 2, archive, `--after stripe/2026/03/01/k --since 2026-03-01T00:00:00Z\n`},
		{"events tail", "DescribeStream", 1, rows(0, "h"), `^to continue: the same command with --since 20\S+Z\n`},
		{"events tail --since 1h", "DescribeStream", 2, rows(1, "h"), `^to continue: the same command with --since 20\S+Z\n`},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int64
		serveStack(t, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.Header.Get("X-Amz-Target")+r.URL.String(), tt.call) && calls.Add(1) == int64(tt.nth) {
					cancel()
				}
				h.ServeHTTP(w, r)
			})
		}, tt.rows)
		var stdout, stderr bytes.Buffer
		assert.Equal(t, exitInterrupted, Run(ctx, strings.Fields(tt.command), nil, &stdout, &stderr), tt.command)
		assert.Equal(t, tt.nth > 1, stdout.Len() > 0, tt.command)
		assert.Regexp(t, tt.says, stderr.String(), tt.command)
		cancel()
	}
}
