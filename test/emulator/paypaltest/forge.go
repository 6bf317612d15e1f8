package paypaltest

import (
	"bytes"
	"hash/crc32"
	"math/bits"
)

// Forgeable is the text that Forge changes.
const Forgeable = "@@@@@@@@@@@@"

// Forge returns body with other characters in place of Forgeable, so that it has
// the CRC-32 of another body, which PayPal's signature covers in place of the body.
//
// CRC-32 is affine over GF(2): flipping a bit changes the checksum by a value that
// depends on its position only. Gaussian elimination finds the bits to flip. The
// lower four bits of "@" are free: with any of them it stays printable ASCII.
func Forge(body, like []byte) []byte {
	forged := bytes.Clone(body)
	at := bytes.Index(body, []byte(Forgeable))
	type row struct {
		effect uint32 // on the checksum
		flips  uint64 // the bits that cause it
	}
	var basis [32]row // by the highest bit of the effect
	reduce := func(r row) row {
		for r.effect != 0 && basis[bits.Len32(r.effect)-1].effect != 0 {
			b := basis[bits.Len32(r.effect)-1]
			r = row{r.effect ^ b.effect, r.flips ^ b.flips}
		}
		return r
	}
	flip := func(i int) { forged[at+i/4] ^= 1 << (i % 4) }
	sum := crc32.ChecksumIEEE(body)
	for i := range 4 * len(Forgeable) {
		flip(i)
		r := reduce(row{crc32.ChecksumIEEE(forged) ^ sum, 1 << i})
		flip(i)
		if r.effect != 0 {
			basis[bits.Len32(r.effect)-1] = r
		}
	}
	solution := reduce(row{effect: sum ^ crc32.ChecksumIEEE(like)})
	if solution.effect != 0 {
		panic("paypaltest: no characters give this checksum")
	}
	for i := range 4 * len(Forgeable) {
		if solution.flips>>i&1 == 1 {
			flip(i)
		}
	}
	return forged
}
