package paypal

import (
	"strings"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/handlers/event"
	"github.com/paysluice/paysluice/handlers/provider"
	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// body is the part of an event notification that is read ("event" in
// notifications_webhooks_v1.json). Only id and event_type are required.
type body struct {
	ID              decode.Member            `json:"id"`
	Type            decode.Member            `json:"event_type"`
	Created         decode.Member            `json:"create_time"`
	ResourceType    string                   `json:"resource_type"`
	ResourceVersion string                   `json:"resource_version"`
	Resource        decode.Content[resource] `json:"resource"`
}

// Values of "resource_type".
const (
	saleResource    = "sale"
	captureResource = "capture"
)

// resource is the part of "resource" that is read, whatever its type. v1 of
// PayPal's APIs has state, amount.total and sale_id where v2 has status,
// amount.value and links.
type resource struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	State  string `json:"state"`
	Amount money  `json:"amount"`

	// Members of refunds and reversals.
	SaleID    string            `json:"sale_id"`
	CaptureID string            `json:"capture_id"`
	Links     decode.List[link] `json:"links"`

	// Members of disputes.
	DisputeID      string `json:"dispute_id"`
	DisputeAmount  money  `json:"dispute_amount"`
	DisputeOutcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	DisputedTransactions decode.List[disputedTransaction] `json:"disputed_transactions"`

	// Members of payouts: items, batches, and referenced items.
	PayoutItemID      string `json:"payout_item_id"`
	PayoutBatchID     string `json:"payout_batch_id"`
	TransactionID     string `json:"transaction_id"`
	TransactionStatus string `json:"transaction_status"`
	PayoutItem        struct {
		Amount money `json:"amount"`
	} `json:"payout_item"`
	BatchHeader struct {
		ID     string `json:"payout_batch_id"`
		Status string `json:"batch_status"`
	} `json:"batch_header"`
	ItemID          string `json:"item_id"`
	ReferenceID     string `json:"reference_id"`
	ReferenceType   string `json:"reference_type"`
	PayoutAmount    money  `json:"payout_amount"`
	ProcessingState struct {
		Status string `json:"status"`
	} `json:"processing_state"`

	// Members of orders.
	OrderID       string                    `json:"order_id"`
	PurchaseUnits decode.List[purchaseUnit] `json:"purchase_units"`

	// Members of invoices, since v2.
	Invoice struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"invoice"`

	// Ids of other objects.
	SupplementaryData struct {
		RelatedIDs struct {
			OrderID         string `json:"order_id"`
			AuthorizationID string `json:"authorization_id"`
			CaptureID       string `json:"capture_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
	ParentPayment      string `json:"parent_payment"`
	BillingAgreementID string `json:"billing_agreement_id"`
	PlanID             string `json:"plan_id"`
	InvoiceID          string `json:"invoice_id"`
	InvoiceNumber      string `json:"invoice_number"`
	CustomID           string `json:"custom_id"`
	Custom             string `json:"custom"`
	Payer              payer  `json:"payer"`
	Subscriber         payer  `json:"subscriber"`

	Payee      merchant `json:"payee"`
	MerchantID string   `json:"merchant_id"`
}

type disputedTransaction struct {
	SellerTransactionID string   `json:"seller_transaction_id"`
	InvoiceNumber       string   `json:"invoice_number"`
	Seller              merchant `json:"seller"`
}

type purchaseUnit struct {
	Payee    merchant `json:"payee"`
	Payments struct {
		Captures decode.List[struct {
			ID string `json:"id"`
		}] `json:"captures"`
	} `json:"payments"`
}

type merchant struct {
	ID string `json:"merchant_id"`
}

type payer struct {
	ID string `json:"payer_id"`
}

// link is a HATEOAS link.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// Event implements provider.Provider. Timestamp is 0 for a time that is not
// valid, such as the simulator's 2018-19-12T….
func (p Provider) Event(raw []byte, o provider.Origin) (event.Event, error) {
	var b body
	if err := decode.Body(raw, &b); err != nil {
		return event.Event{}, err
	}
	id, typ, err := decode.Identify(b.ID, b.Type, b.Created, &b.Resource)
	if err != nil {
		return event.Event{}, err
	}
	name, r := contract.PayPal().Name, &b.Resource.Value
	var f decode.Fields
	category := p.rules.Category(typ, r)
	statuses := r.statuses()
	e := event.Event{
		Schema:       event.Schema,
		ID:           event.NewID(name, id),
		Timestamp:    f.Timestamp(b.Created, b.Created.Time()),
		Provider:     name,
		Type:         typ,
		Category:     category,
		ObjectType:   f.Text("objectType", b.ResourceType),
		ObjectID:     r.id(&f),
		ObjectStatus: f.Text("objectStatus", statuses[:]...),
		PaymentID:    b.paymentID(&f, typ),
		Related:      r.related(&f),
		Account:      r.account(&f),
		Endpoint:     o.Endpoint,
		Livemode:     o.Livemode,
		Money:        moneyOf(&f, category, r),
		APIVersion:   f.Text("apiVersion", b.ResourceVersion),

		ContentSHA256: decode.ContentHash(raw, volatile()...),
	}
	e.Omitted = f.Omitted()
	return e, nil
}

// id returns the resource's own id.
func (r *resource) id(f *decode.Fields) string {
	return f.Text("objectId", r.ID, r.DisputeID, r.PayoutItemID, r.BatchHeader.ID, r.ItemID, r.Invoice.ID, r.MerchantID)
}

// statuses returns the members that can hold the resource's state, in PayPal's words.
func (r *resource) statuses() [6]string {
	return [...]string{r.Status, r.State, r.TransactionStatus, r.BatchHeader.Status, r.ProcessingState.Status, r.Invoice.Status}
}

// status returns the first of statuses that can be read.
func (r *resource) status() string {
	statuses := r.statuses()
	return decode.Readable(statuses[:]...)
}

// linked returns the id at the end of the first link that has the relation rel and
// contains collection, such as "/captures/". Without one it returns decode.WrongType if
// a link is not a text, because that link may have been the one.
func (r *resource) linked(rel, collection string) string {
	var wrong string
	for _, l := range r.Links {
		if _, id, ok := strings.Cut(l.Href, collection); ok && l.Rel == rel && !strings.ContainsAny(id, "/?#") {
			return id
		}
		if l.Href == decode.WrongType && (l.Rel == rel || l.Rel == decode.WrongType) {
			wrong = decode.WrongType
		}
	}
	return wrong
}

// paymentID returns the capture or sale that an event of a type belongs to.
func (b *body) paymentID(f *decode.Fields, typ string) string {
	const field = "paymentId"
	r := &b.Resource.Value
	switch strings.TrimPrefix(typ, "PAYMENT.") {
	case "CAPTURE.COMPLETED", "CAPTURE.DECLINED", "CAPTURE.DENIED", "CAPTURE.PENDING",
		"SALE.COMPLETED", "SALE.DENIED", "SALE.PENDING":
		return f.Text(field, r.ID)
	case "CAPTURE.REFUNDED", "REFUND.FAILED", "REFUND.PENDING", "SALE.REFUNDED":
		return r.refunded(f, field)
	case "CAPTURE.REVERSED", "SALE.REVERSED":
		// PayPal's sample of a v1 reversal has no other id.
		id := r.refunded(f, field)
		switch {
		case id != "":
		case b.ResourceType == saleResource, b.ResourceType == captureResource:
			return f.Text(field, r.ID)
		case b.ResourceType == decode.WrongType:
			f.Omit(field)
		}
		return id
	}
	switch r.ReferenceType {
	case "TRANSACTION_ID":
		return f.Text(field, r.ReferenceID)
	case decode.WrongType:
		f.Omit(field)
	}
	return f.Text(field, r.DisputedTransactions[0].SellerTransactionID, r.captured())
}

// refunded returns the capture or sale that a refund belongs to.
func (r *resource) refunded(f *decode.Fields, field string) string {
	return f.Text(field, r.SaleID, r.CaptureID, r.SupplementaryData.RelatedIDs.CaptureID,
		r.linked("up", "/captures/"), r.linked("sale", "/sale/"), r.linked("capture", "/capture/"))
}

// captured returns the id of the first capture of an order.
func (r *resource) captured() string {
	for _, u := range r.PurchaseUnits {
		if id := u.Payments.Captures[0].ID; id != "" {
			return id
		}
	}
	return ""
}

// related returns the ids that the resource refers to, or nil if there are none.
func (r *resource) related(f *decode.Fields) map[string]string {
	ids := r.SupplementaryData.RelatedIDs
	f.Relate("order", ids.OrderID, r.OrderID, r.linked("up", "/orders/"))
	f.Relate("authorization", ids.AuthorizationID, r.linked("up", "/authorizations/"))
	f.Relate("parent_payment", r.ParentPayment)
	f.Relate("subscription", r.BillingAgreementID)
	f.Relate("plan", r.PlanID)
	f.Relate("invoice", r.InvoiceID, r.InvoiceNumber, r.DisputedTransactions[0].InvoiceNumber)
	f.Relate("custom", r.CustomID, r.Custom)
	f.Relate("customer", r.Payer.ID, r.Subscriber.ID)
	f.Relate("payout_batch", r.PayoutBatchID)
	f.Relate("transaction", r.TransactionID)
	return f.Related()
}

// account returns the merchant that the resource belongs to.
func (r *resource) account(f *decode.Fields) string {
	return f.Text("account", r.DisputedTransactions[0].Seller.ID, r.PurchaseUnits[0].Payee.ID, r.Payee.ID, r.MerchantID)
}

// SameEvent implements provider.Provider. Only the content decides: PayPal's signature
// does not cover the whole body, so two contents are never two renderings of one event.
func (Provider) SameEvent(stored, incoming event.Event) bool {
	return decode.SameContent(stored, incoming, volatile()...)
}

// volatile returns the top-level members that are left out of an event's content
// hash. PayPal does not document what may differ between deliveries. links says
// where to look the notification up (samples differ in host and encType). zts is a
// time that samples have and the schema does not ("event" in
// notifications_webhooks_v1.json). status and transmissions describe deliveries;
// only PayPal's API returns them.
func volatile() []string { return []string{"links", "zts", "status", "transmissions"} }
