package paypal_test

import (
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/paypal"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/test/emulator/paypaltest"
)

// A webhook is verified over its raw bytes, with a certificate that is fetched
// once, and only then read. Here an authority of our own plays PayPal's; in
// production the Fetch is paypal.NewFetcher().
func Example() {
	now := time.Now()
	leaf := authority.Issue(paypaltest.LiveName, now)
	p := paypal.New(serving(map[string][]byte{certURL: bundle(leaf)}), &paypaltest.Store{})

	verifier, err := p.Verifier([]byte(`{"webhooks":[{"label":"shop","webhookId":"4JH86294D6297924G","environment":"live"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	body := []byte(`{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource_type":"capture","resource":{
		"id":"27M47624FP291604U","status":"COMPLETED","amount":{"value":"30.00","currency_code":"USD"}}}`)
	headers, err := paypal.Signer{Key: leaf.Key, CertURL: certURL, WebhookID: "4JH86294D6297924G"}.Sign(body, now)
	if err != nil {
		fmt.Println(err)
		return
	}

	origin, err := verifier.Verify(context.Background(), providertest.Header(headers), body, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := p.Event(body, origin)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.ID, "from", e.Endpoint, "live", *e.Livemode)
	fmt.Println(e.Category, e.Amount, e.Currency, "of", e.PaymentID)

	_, err = verifier.Verify(context.Background(), providertest.Header(headers), append(body, '\n'), now)
	fmt.Println(provider.ReasonOf(err))
	// Output:
	// paypal:WH-1 from shop live true
	// payment.succeeded 30.00 USD of 27M47624FP291604U
	// signature_mismatch
}
