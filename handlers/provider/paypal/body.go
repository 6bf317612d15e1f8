package paypal

import (
	"cmp"
	"strings"

	"github.com/paysluice/paysluice/handlers/provider/decode"
)

// body is what is read of an event notification ("event" in
// notifications_webhooks_v1.json). Everything but id and type is optional (see
// package envelope).
type body struct {
	ID              decode.Member `json:"id"`
	Type            decode.Member `json:"event_type"`
	Created         decode.Member `json:"create_time"`
	ResourceType    string        `json:"resource_type"`
	ResourceVersion string        `json:"resource_version"`
	Resource        resource      `json:"resource"`
}

// Values of "resource_type" that decide something here.
const (
	saleResource    = "sale"
	captureResource = "capture"
)

// resource is what is read of "resource", whatever its type. PayPal's APIs name
// things differently: v1 has state, amount.total and sale_id where v2 has
// status, amount.value and links.
type resource struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	State  string `json:"state"`
	Amount money  `json:"amount"`

	// Of refunds and reversals.
	SaleID    string            `json:"sale_id"`
	CaptureID string            `json:"capture_id"`
	Links     decode.List[link] `json:"links"`

	// Of disputes.
	DisputeID      string `json:"dispute_id"`
	DisputeAmount  money  `json:"dispute_amount"`
	DisputeOutcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	DisputedTransactions decode.List[disputedTransaction] `json:"disputed_transactions"`

	// Of payouts: items, batches, and referenced items.
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

	// Of orders.
	OrderID       string                    `json:"order_id"`
	PurchaseUnits decode.List[purchaseUnit] `json:"purchase_units"`

	// Of invoices, since v2.
	Invoice struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"invoice"`

	// What it belongs to.
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

// link is a HATEOAS link: where to find what, in which relation to the
// resource.
type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// id is the resource's own.
func (r *resource) id() string {
	return cmp.Or(r.ID, r.DisputeID, r.PayoutItemID, r.BatchHeader.ID, r.ItemID, r.Invoice.ID, r.MerchantID)
}

// status is the state of the resource in PayPal's own words.
func (r *resource) status() string {
	return cmp.Or(r.Status, r.State, r.TransactionStatus, r.BatchHeader.Status, r.ProcessingState.Status, r.Invoice.Status)
}

// linked is the id of what a link leads to: the last segment of the first
// link of that relation whose path holds collection, "/captures/".
func (r *resource) linked(rel, collection string) string {
	for _, l := range r.Links {
		if _, id, ok := strings.Cut(l.Href, collection); ok && l.Rel == rel && !strings.ContainsAny(id, "/?#") {
			return id
		}
	}
	return ""
}

// paymentID is the capture or sale that an event of this type belongs to.
func (b *body) paymentID(typ string) string {
	r := &b.Resource
	switch strings.TrimPrefix(typ, "PAYMENT.") {
	case "CAPTURE.COMPLETED", "CAPTURE.DECLINED", "CAPTURE.DENIED", "CAPTURE.PENDING",
		"SALE.COMPLETED", "SALE.DENIED", "SALE.PENDING":
		return r.ID
	case "CAPTURE.REFUNDED", "REFUND.FAILED", "REFUND.PENDING", "SALE.REFUNDED":
		return r.refunded()
	case "CAPTURE.REVERSED", "SALE.REVERSED":
		// PayPal's sample of a v1 reversal names no other id than this one.
		if id := r.refunded(); id != "" || b.ResourceType != saleResource && b.ResourceType != captureResource {
			return id
		}
		return r.ID
	}
	if r.ReferenceType == "TRANSACTION_ID" {
		return r.ReferenceID
	}
	return cmp.Or(r.DisputedTransactions[0].SellerTransactionID, r.captured())
}

// refunded is the capture or sale that a refund belongs to.
func (r *resource) refunded() string {
	return cmp.Or(r.SaleID, r.CaptureID, r.SupplementaryData.RelatedIDs.CaptureID,
		r.linked("up", "/captures/"), r.linked("sale", "/sale/"), r.linked("capture", "/capture/"))
}

// captured is the first capture of an order.
func (r *resource) captured() string {
	for _, u := range r.PurchaseUnits {
		if id := u.Payments.Captures[0].ID; id != "" {
			return id
		}
	}
	return ""
}

// related are the ids that the resource refers to; nil when it refers to none.
func (r *resource) related() map[string]string {
	ids := r.SupplementaryData.RelatedIDs
	return decode.Related(map[string]string{
		"order":          cmp.Or(ids.OrderID, r.OrderID, r.linked("up", "/orders/")),
		"authorization":  cmp.Or(ids.AuthorizationID, r.linked("up", "/authorizations/")),
		"parent_payment": r.ParentPayment,
		"subscription":   r.BillingAgreementID,
		"plan":           r.PlanID,
		"invoice":        cmp.Or(r.InvoiceID, r.InvoiceNumber, r.DisputedTransactions[0].InvoiceNumber),
		"custom":         cmp.Or(r.CustomID, r.Custom),
		"customer":       cmp.Or(r.Payer.ID, r.Subscriber.ID),
		"payout_batch":   r.PayoutBatchID,
		"transaction":    r.TransactionID,
	})
}

// account is the merchant that the resource belongs to.
func (r *resource) account() string {
	return cmp.Or(r.DisputedTransactions[0].Seller.ID, r.PurchaseUnits[0].Payee.ID, r.Payee.ID, r.MerchantID)
}
