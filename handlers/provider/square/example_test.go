package square_test

import (
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/square"
)

// A webhook is verified over its raw bytes and only then read.
func Example() {
	const endpoint = "https://hooks.example.com/square"
	secret := []byte(`{"subscriptions":[{"label":"shop","signatureKey":"example","environment":"live","maxAgeHours":72}]}`)
	verifier, err := square.New(endpoint, "").Verifier(secret)
	if err != nil {
		fmt.Println(err)
		return
	}

	now := time.Unix(1775001600, 0)
	body := []byte(`{"event_id":"6a8f5f28","type":"payment.updated","created_at":"2026-03-31T23:59:59.308Z","data":{"type":"payment",
		"object":{"payment":{"id":"hYy9","status":"COMPLETED","total_money":{"amount":1250,"currency":"GBP"}}}}}`)
	signer := square.Signer{SignatureKey: "example", NotificationURL: endpoint}
	header := providertest.Header(providertest.Sign(signer, body, now))

	origin, err := verifier.Verify(context.Background(), header, body, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := square.New(endpoint, "").Event(body, origin)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.ID, "from", e.Endpoint, "live:", *e.Livemode)
	fmt.Println(e.Category, e.Amount, e.Currency, "of", e.PaymentID)

	_, err = verifier.Verify(context.Background(), header, body, now.AddDate(0, 0, 4))
	fmt.Println(provider.ReasonOf(err))
	// Output:
	// square:6a8f5f28 from shop live: true
	// payment.succeeded 12.50 GBP of hYy9
	// timestamp_stale
}
