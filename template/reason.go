package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/handlers/contract"
)

// reasons are metrics made of the reason codes in log lines, which the
// functions' own metrics do not tell apart.
type reasons struct {
	redriven metric
	// By the names of providers that have certificates.
	certUnreachable, untrusted map[string]metric
}

func (s *stack) addReasonMetrics(providers []contract.Provider) reasons {
	r := reasons{
		redriven:        s.addReasonMetric("Redriven", "Archiver", contract.ReasonReceivesExhausted, contract.MetricArchived),
		certUnreachable: map[string]metric{},
		untrusted:       map[string]metric{},
	}
	for _, p := range providers {
		if p.Certificates {
			processor := p.Title + "Processor"
			r.certUnreachable[p.Name] = s.addReasonMetric(p.Title+"CertUnreachable", processor, contract.ReasonCertUnreachable, "")
			r.untrusted[p.Name] = s.addReasonMetric(p.Title+"Untrusted", processor, contract.ReasonPayPalChain, "")
		}
	}
	return r
}

// addReasonMetric adds one. function is the stem of the function's logical ids,
// and value the member that is summed up of the lines that have it; "" counts
// the lines with the reason.
//
// Not every line has the Environment, which would be the metric's dimension, so
// the suffix is in its name.
func (s *stack) addReasonMetric(id, function, reason, value string) metric {
	pattern, sum := "{ $."+contract.ReasonProperty+` = "`+reason+`" }`, "1"
	if value != "" {
		pattern, sum = "{ $."+contract.ReasonProperty+` = "`+reason+`" && $.`+value+" > 0 }", "$."+value
	}
	s.Add(id+"Filter", &logs.MetricFilter{
		LogGroupName:  logGroupID(function).Ref(),
		FilterPattern: pattern,
		MetricTransformations: []logs.MetricFilter_MetricTransformation{{
			MetricNamespace: contract.MetricNamespace,
			MetricName:      named(id),
			MetricValue:     sum,
			Unit:            new("Count"),
		}},
	})
	return metric{namespace: contract.MetricNamespace, name: named(id), statistic: "Sum"}
}
