package stripe_test

import (
	"context"
	"fmt"
	"time"

	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/providertest"
	"github.com/paysluice/paysluice/handlers/provider/stripe"
)

// A webhook is verified over its raw bytes and only then read.
func Example() {
	secret := []byte(`{"endpoints":[{"label":"shop","secret":"whsec_example"}]}`)
	verifier, err := stripe.New().Verifier(secret)
	if err != nil {
		fmt.Println(err)
		return
	}

	now := time.Unix(1775001600, 0)
	body := []byte(`{"id":"evt_1","type":"refund.created","created":1775001599,"livemode":true,"data":{"object":{
		"id":"re_1","object":"refund","status":"succeeded","amount":500,"currency":"jpy","payment_intent":"pi_1"}}}`)
	header := providertest.Header(providertest.Sign(stripe.Signer{Secret: "whsec_example"}, body, now))

	origin, err := verifier.Verify(context.Background(), header, body, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := stripe.New().Event(body, origin)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.ID, "from", e.Endpoint)
	fmt.Println(e.Category, e.Amount, e.Currency, "of", e.PaymentID)

	_, err = verifier.Verify(context.Background(), header, body, now.Add(time.Hour))
	fmt.Println(provider.ReasonOf(err))
	// Output:
	// stripe:evt_1 from shop
	// refund.succeeded 500 JPY of pi_1
	// timestamp_stale
}
