package profile

import (
	"path"
	"strings"

	"github.com/paysluice/paysluice/test/measured"
)

// area is a part of the code: the files whose paths, as -trimpath leaves them,
// begin with one of these. The first area that a file is in counts.
type area struct {
	name  string
	begin []string
}

// areas are the parts that a reader knows. What is in none is the rest.
func areas() []area {
	return []area{
		{"the kernel (system calls)", []string{
			"internal/runtime/syscall/", "runtime/internal/syscall/", "syscall/asm_", "runtime/sys_linux_", "runtime/time_linux_", "runtime/vdso_",
		}},
		{"Go runtime: memory and garbage collection", []string{
			"runtime/arena", "runtime/atomic_pointer", "runtime/lfstack", "runtime/mal", "runtime/mbarrier", "runtime/mbitmap", "runtime/mcache", "runtime/mcentral", "runtime/mcheckmark",
			"runtime/mcleanup", "runtime/mem", "runtime/mfinal", "runtime/mfixalloc", "runtime/mgc", "runtime/mheap", "runtime/mksizeclasses",
			"runtime/mpage", "runtime/mpallocbits", "runtime/mprof", "runtime/mranges", "runtime/msize", "runtime/mspanset", "runtime/mstats", "runtime/mwbbuf",
			"runtime/slice", "runtime/stack", "runtime/stkframe", "runtime/zcallers", "internal/runtime/gc/", "internal/runtime/sys/", "internal/runtime/atomic/",
		}},
		{"Go runtime: scheduler, timers, locks, network poller", []string{
			"runtime/asm_", "runtime/cgo", "runtime/chan", "runtime/lock", "runtime/netpoll", "runtime/os_", "runtime/panic", "runtime/preempt",
			"runtime/proc", "runtime/runtime", "runtime/rwmutex", "runtime/select", "runtime/sema", "runtime/signal", "runtime/symtab",
			"runtime/stubs", "runtime/time", "runtime/traceback", "runtime/trace", "sync/", "internal/sync/",
		}},
		{"Go runtime: maps, strings, interfaces", []string{"runtime/", "internal/runtime/", "internal/abi/", "internal/bytealg/", "internal/godebug"}},
		{"cryptography and TLS", []string{"crypto/", "hash/", "vendor/golang.org/x/crypto/", "math/big/"}},
		{"encoding/json, with reflection", []string{"encoding/json/", "reflect/", "internal/reflectlite/"}},
		{"base64", []string{"encoding/base64/"}},
		{"net/http and the network", []string{"net/", "internal/poll/", "bufio/", "mime/", "vendor/golang.org/x/net/"}},
		{"AWS SDK and smithy-go", []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"}},
		{"aws-lambda-go", []string{"github.com/aws/aws-lambda-go"}},
		{"log/slog", []string{"log/"}},
		{"paysluice", []string{"github.com/paysluice/paysluice/"}},
	}
}

const rest = "the rest: strings, time, context and others"

// areaOf is the area of a file.
func areaOf(file string) string {
	for _, a := range areas() {
		for _, begin := range a.begin {
			if strings.HasPrefix(path.Clean(file), begin) {
				return a.name
			}
		}
	}
	return rest
}

// areaShares are the areas' shares of all time, in the order of areas. Frames are
// named by file, and the innermost one counts.
func areaShares(all []sample) []measured.Share {
	shares := []measured.Share{}
	for _, a := range append(areas(), area{name: rest}) {
		spent := part(all, func(s sample) bool { return areaOf(s.frames[0]) == a.name })
		shares = append(shares, measured.Share{Name: a.name, Part: spent})
	}
	return shares
}
