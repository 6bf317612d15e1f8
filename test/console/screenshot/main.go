// Command screenshot takes pictures of the console's pages with a headless Chromium:
//
//	go run ./test/console/screenshot -out docs 'http://127.0.0.1:8080/?token=…' /
//
// The link is the one that paysluice console --no-open prints. Each page is written as
// {name}-light.png and {name}-dark.png. -click presses an element of each page first and
// waits for what it leads to:
//
//	go run ./test/console/screenshot -out docs -name console-send -click 'main button[formmethod]' LINK /send
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/chromedp/chromedp"

	"github.com/paysluice/paysluice/test/console/browser"
)

// height of the window; without -full a longer page is cut.
const height = 800

func main() {
	out := flag.String("out", ".", "`folder` of the pictures")
	name := flag.String("name", "console", "`name` of the pictures; later pages get a number")
	width := flag.Int64("width", 1180, "`width` of the window")
	full := flag.Bool("full", false, "take the whole page")
	click := flag.String("click", "", "press the element of this CSS `selector` first")
	flag.Parse()
	if flag.NArg() < 2 {
		log.Fatal("usage: screenshot [flags] LINK PATH…")
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		log.Fatal(err)
	}
	b, err := browser.Open(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	take := chromedp.CaptureScreenshot()
	if *full {
		take = chromedp.FullScreenshot(100) // PNG
	}
	err = run(b, take, *click, filepath.Join(*out, *name), *width, flag.Arg(0), flag.Args()[1:])
	b.Close()
	if err != nil {
		log.Fatal(err)
	}
}

// run writes the pictures of pages to files whose names begin with base.
func run(b *browser.Browser, take chromedp.Action[[]byte], click, base string, width int64, link string, paths []string) error {
	if err := b.Enter(link); err != nil {
		return err
	}
	// Only a page of the console has its header.
	origin, err := browser.Run(b, chromedp.Evaluate[string](`document.querySelector("header") ? location.origin : ""`))
	if err != nil {
		return err
	}
	if origin == "" {
		return errors.New("the console refuses the link: each works once, and opening it again prints a new one")
	}
	for i, path := range paths {
		for _, scheme := range []string{"light", "dark"} {
			if err := b.Show(width, height, scheme); err != nil {
				return err
			}
			if err := b.Enter(origin + path); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if click != "" {
				settled := chromedp.WaitNotPresent(chromedp.CSS(click + ", [data-active]"))
				if err := b.Do(chromedp.Click(chromedp.CSS(click)), settled); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
			}
			picture, err := browser.Run(b, take)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			number := ""
			if i > 0 {
				number = fmt.Sprint(i + 1)
			}
			if err := os.WriteFile(base+number+"-"+scheme+".png", picture, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
