// Package browser opens the console's pages in a headless Chromium.
package browser

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// ErrMissing reports that this machine has no Chromium.
var ErrMissing = errors.New("there is no chromium or google-chrome on the PATH")

// stepTime bounds one action. A loaded machine needs seconds.
const stepTime = 60 * time.Second

// Browser is a tab of a headless Chromium.
type Browser struct {
	ctx    context.Context
	cancel []context.CancelFunc
}

// Open starts a Chromium. Close ends it.
func Open(ctx context.Context) (*Browser, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, ErrMissing
	}
	// Chromium's sandbox needs rights that containers do not give. It visits only the console.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancel := chromedp.NewContext(ctx)
	b := &Browser{ctx: ctx, cancel: []context.CancelFunc{cancel, stop}}
	if err := chromedp.Do(ctx); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close ends the Chromium.
func (b *Browser) Close() {
	for _, cancel := range b.cancel {
		cancel()
	}
}

// Do runs actions.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// Run runs an action and returns its value.
func Run[T any](b *Browser, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, stepTime)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// Enter opens a link of the console and waits until it has led to a page.
func (b *Browser) Enter(link string) error {
	return b.Do(chromedp.Navigate(link), chromedp.WaitVisible(chromedp.CSS("main")))
}

// Keys dispatches events of the keyboard. A keyDown with a text types it unless the page prevents that;
// chromedp.KeyEvent types it in any case.
func (b *Browser) Keys(events ...input.DispatchKeyEventParams) error {
	return b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		for _, event := range events {
			if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, event); err != nil {
				return err
			}
		}
		return nil
	}))
}

// WithoutScripts keeps the scripts of the pages that are opened from running.
func (b *Browser) WithoutScripts() error {
	return b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
}

// Show sets the width of the window and the scheme, light or dark.
func (b *Browser) Show(width, height int64, scheme string) error {
	return b.Do(chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}
