package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// PayPalHosts is a process that plays PayPal's hosts for an emulator that outlives
// its starter.
type PayPalHosts struct {
	Proxy  string // for Options.Proxy
	PayPal local.PayPal
	// Leash is for Options.Held: the process ends when nobody holds it any more.
	Leash *os.File `json:"-"`
}

// StartPayPalHosts starts a program that calls ServePayPalHosts with its standard
// input and output.
func StartPayPalHosts(program string, args ...string) (h PayPalHosts, err error) {
	held, leash, err := os.Pipe()
	if err != nil {
		return PayPalHosts{}, err
	}
	defer held.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdin = held
	// Ctrl-C in the terminal reaches only its starter.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		err = json.NewDecoder(out).Decode(&h)
	}
	if err != nil {
		return PayPalHosts{}, errors.Join(fmt.Errorf("play PayPal's hosts: %w", err), leash.Close())
	}
	h.Leash = leash
	return h, nil
}

// ServePayPalHosts plays PayPal's hosts until in ends. It writes a PayPalHosts to out.
func ServePayPalHosts(in io.Reader, out io.Writer) error {
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	defer hosts.Close()
	err := json.NewEncoder(out).Encode(PayPalHosts{Proxy: hosts.URL, PayPal: senders.IssuePayPal(authority, hosts)})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}
