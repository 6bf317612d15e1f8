package traffic

import (
	"bytes"
	"fmt"
)

// pad makes a webhook's body as large as real ones are, with members such as
// they have: white space alone would be read faster.
func pad(body []byte, size int) []byte {
	var b bytes.Buffer
	b.Grow(size + 256)
	b.Write(bytes.TrimSuffix(body, []byte("}")))
	b.WriteString(`,"details":{"items":[`)
	for i := 0; b.Len() < size-160; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"li_%04d","object":"line_item","amount":%d,"currency":"usd","quantity":%d,"taxable":true,"discount":null,`+
			`"metadata":{"sku":"A-%03d","warehouse":"north"}}`, i, 1000+i, 1+i%5, i)
	}
	b.WriteString(`]},"note":"`)
	for b.Len() < size-2 {
		b.WriteByte('n')
	}
	b.WriteString(`"}`)
	return b.Bytes()
}
