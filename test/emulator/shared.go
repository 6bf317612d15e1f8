package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/paysluice/paysluice/cmd/paysluice/local"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
	"github.com/paysluice/paysluice/test/emulator/senders"
)

// SharedVariable is the environment variable that names the folder of an
// emulator which several test programs share.
const SharedVariable = "PAYSLUICE_EMULATOR"

const sharedFile = "shared.json"

// Shared is an emulator whose functions can fetch PayPal's test certificate.
type Shared struct {
	*Endpoint
	PayPal local.PayPal
	// Stop stops the emulator if Use or StartShared started it.
	Stop func() error
}

// sharedState is the content of sharedFile.
type sharedState struct {
	URL    string
	PayPal local.PayPal
}

// Use returns the emulator that SharedVariable names, or starts one when the
// variable is not set. The account is the same for all programs that share an
// emulator, so each must use resource names of its own.
func Use(ctx context.Context) (*Shared, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	dir := os.Getenv(SharedVariable)
	if dir == "" {
		return StartShared(ctx, Options{Root: root})
	}
	text, err := os.ReadFile(filepath.Join(dir, sharedFile))
	if err != nil {
		return nil, fmt.Errorf("the emulator that %s names: %w", SharedVariable, err)
	}
	var state sharedState
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, err
	}
	endpoint, err := connect(root, dir, state.URL)
	return &Shared{Endpoint: endpoint, PayPal: state.PayPal, Stop: func() error { return nil }}, err
}

// StartShared starts an emulator with a proxy that plays PayPal's hosts. It sets
// o.Proxy and o.Authority.
func StartShared(ctx context.Context, o Options) (*Shared, error) {
	authority := paypaltest.NewAuthority(time.Now())
	hosts := paypaltest.NewHosts(authority)
	o.Proxy, o.Authority = hosts.URL, authority
	e, err := Start(ctx, o)
	if err != nil {
		hosts.Close()
		return nil, err
	}
	stop := func() error {
		defer hosts.Close()
		return e.Stop()
	}
	certificate := senders.IssuePayPal(authority, hosts)
	state, err := json.Marshal(sharedState{URL: e.URL, PayPal: certificate})
	if err == nil {
		err = os.WriteFile(filepath.Join(e.Dir, sharedFile), state, 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &Shared{Endpoint: e.Endpoint, PayPal: certificate, Stop: stop}, nil
}
