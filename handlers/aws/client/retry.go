package client

import (
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// maxBackoff is the longest pause between two attempts of NewRetryer's.
const maxBackoff = 2 * time.Second

// NewRetryer tries again, with growing pauses, until the request's context
// ends. A consumer wants that: a throttled table comes back within seconds,
// while each failed receive of a message is one of only three. The client's
// own retry quota is off, since it would end the attempts early just when
// DynamoDB throttles for longer.
func NewRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = math.MaxInt
		o.MaxBackoff = maxBackoff
		o.RateLimiter = ratelimit.None
	})
}
