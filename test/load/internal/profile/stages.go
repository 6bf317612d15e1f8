package profile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/paysluice/paysluice/test/measured"
)

// ErrNoFunction: the program has no function of that name, so that a share of
// nothing would say nothing.
var ErrNoFunction = errors.New("no such function in the program")

// stage is what passes through one of some functions. Three dots at the end are
// for all whose names begin like that.
type stage struct {
	name    string
	through []string
	// but is what passes through one of these as well.
	but []string
	// handler is a stage of the handler without network, too.
	handler bool
}

// stages are in the order in which an invocation meets them, and then what goes
// on beside it. %s is the provider.
func stages() []stage {
	const (
		lambda  = "github.com/aws/aws-lambda-go/lambda."
		own     = "github.com/paysluice/paysluice/handlers/"
		invoke  = own + "invocation.Handler.Invoke"
		handle  = own + "processor.(*Handler).Handle"
		request = own + "awsclient.(*HTTPClient).Do"
	)
	// A warm processor calls the SDK for nothing else than SendMessage, and
	// where stacks are cut off nothing else is left of it.
	send := []string{"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/...", request}
	handler := append([]string{handle}, send...)
	return []stage{
		{name: "asks the Runtime API for an invocation", through: []string{lambda + "(*runtimeAPIClient).next"}},
		{name: "the invocation's JSON and the answer's", through: []string{invoke}, but: handler, handler: true},
		{name: "the handler", through: handler, handler: true},
		{name: Part + "the secret at hand, and the signature", through: []string{own + "processor.(*Handler).verify"}, handler: true},
		{name: Part + "the event out of the body", through: []string{own + "provider/%s.Provider.Event"}, handler: true},
		{name: Part + "the message", through: []string{own + "event.Encode"}, handler: true},
		{name: Part + "SendMessage, without the next", through: send, but: []string{request}},
		{name: Part + "its HTTP request", through: []string{request}},
		{name: Part + "the log line and the metrics", through: []string{own + "processor.(*Handler).report"}, handler: true},
		{name: "hands the answer to the Runtime API", through: []string{lambda + "(*invoke).success"}},
		{name: "net/http reads, from AWS and the Runtime API", through: []string{"net/http.(*persistConn).readLoop"}},
		{name: "net/http writes, to both", through: []string{"net/http.(*persistConn).writeLoop"}},
		{name: "the scheduler, from one goroutine to the next", through: []string{"runtime.mcall"}, handler: true},
		{name: "garbage collection beside them", through: []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge"}, handler: true},
		{name: "allocating, in all of these", through: []string{"runtime.mallocgc"}, handler: true},
	}
}

// Part marks a stage that is a part of the last one without it.
const Part = "→ "

// stagesOf are those of a provider's handler alone, or of its function.
func stagesOf(provider string, handler bool) []stage {
	var some []stage
	for _, s := range stages() {
		if handler && !s.handler {
			continue
		}
		for i := range s.through {
			s.through[i] = strings.ReplaceAll(s.through[i], "%s", provider)
		}
		some = append(some, s)
	}
	return some
}

// check is ErrNoFunction when the program in that file lacks a function of these
// stages. A Go program has the names of its functions, stripped or not.
func check(program string, stages []stage) error {
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	for _, s := range stages {
		for _, name := range slices.Concat(s.through, s.but) {
			beginning, all := strings.CutSuffix(name, "...")
			if !all {
				beginning += "\x00"
			}
			if !bytes.Contains(text, []byte(beginning)) {
				return fmt.Errorf("%w: %s", ErrNoFunction, name)
			}
		}
	}
	return nil
}

// stageShares are the stages' shares of all time. Frames are named by function.
func stageShares(all []sample, stages []stage) []measured.Share {
	shares := []measured.Share{}
	for _, stage := range stages {
		spent := part(all, func(s sample) bool { return s.passes(stage.through) && !s.passes(stage.but) })
		shares = append(shares, measured.Share{Name: stage.name, Part: spent})
	}
	return shares
}

// passes reports whether one of these functions was running or had called what
// was.
func (s sample) passes(functions []string) bool {
	return slices.ContainsFunc(s.frames, func(frame string) bool {
		return slices.ContainsFunc(functions, func(name string) bool {
			beginning, all := strings.CutSuffix(name, "...")
			return frame == name || all && strings.HasPrefix(frame, beginning)
		})
	})
}
