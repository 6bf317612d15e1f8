package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/paysluice/paysluice/test/measured"
)

func TestAreaOf(t *testing.T) {
	const (
		kernel    = "the kernel (system calls)"
		memory    = "Go runtime: memory and garbage collection"
		scheduler = "Go runtime: scheduler, timers, locks, network poller"
		basics    = "Go runtime: maps, strings, interfaces"
		tls       = "cryptography and TLS"
		network   = "net/http and the network"
	)
	for _, row := range []struct{ why, file, want string }{
		{"every read and write ends there", "internal/runtime/syscall/linux/asm_linux_amd64.s", kernel},
		{"the runtime's own calls: futex, clock", "runtime/sys_linux_arm64.s", kernel},
		{"allocation", "runtime/malloc.go", memory},
		{"marking, also by another collector", "runtime/mgcmark_greenteagc.go", memory},
		{"a map is not memory, though its file begins with ma", "runtime/map.go", basics},
		{"clearing and copying", "runtime/memmove_arm64.s", memory},
		{"the scheduler", "runtime/proc.go", scheduler},
		{"timers", "runtime/time.go", scheduler},
		{"the clock's system call is no timer", "runtime/time_linux_amd64.s", kernel},
		{"maps", "internal/runtime/maps/table.go", basics},
		{"hashes of cryptography", "crypto/internal/fips140/sha256/sha256block_amd64.s", tls},
		{"what the library has a copy of", "vendor/golang.org/x/crypto/chacha20poly1305/chacha20poly1305.go", tls},
		{"headers of HTTP", "net/textproto/reader.go", network},
		{"sockets", "internal/poll/fd_unix.go", network},
		{"JSON's reflection", "reflect/value.go", "encoding/json, with reflection"},
		{"a client of one service", "github.com/aws/aws-sdk-go-v2/service/sqs@v1.42.0/api_op_SendMessage.go", "AWS SDK and smithy-go"},
		{"what it stands on", "github.com/aws/smithy-go@v1.24.0/middleware/stack.go", "AWS SDK and smithy-go"},
		{"the runtime client", "github.com/aws/aws-lambda-go@v1.55.1/lambda/invoke_loop.go", "aws-lambda-go"},
		{"ours", "github.com/paysluice/paysluice/handlers/event/message.go", "paysluice"},
		{"what is in no area is not lost", "strings/builder.go", rest},
		{"nor what pprof knows no file of", "<unknown>", rest},
	} {
		assert.Equal(t, row.want, areaOf(row.file), row.why)
	}
}

func TestAreaShares(t *testing.T) {
	all := areaShares([]sample{
		{2 * time.Second, []string{"runtime/malloc.go", "strings/builder.go"}},
		{time.Second, []string{"runtime/mheap.go"}},
		{time.Second, []string{"strings/builder.go", "runtime/malloc.go"}},
	})
	assert.Contains(t, all, measured.Share{Name: "Go runtime: memory and garbage collection", Part: 0.75})
	assert.Equal(t, measured.Share{Name: rest, Part: 0.25}, all[len(all)-1])
	sum := 0.0
	for _, s := range all {
		sum += s.Part
	}
	assert.InDelta(t, 1, sum, 1e-9, "they make up all of it")
	assert.Len(t, all, len(areas())+1, "of what took nothing a reader sees that it took nothing")
}
