package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/logs"

	"github.com/paysluice/paysluice/handlers/contract"
)

// Metrics that are made of the reasons in log lines, beside those that the
// functions count themselves.
const (
	redrivenMetric         = "Redriven"
	certificateChainMetric = "CertificateChain"
)

// addReasonMetric counts a function's log lines with one reason, under the
// Environment in the same line, as the other metrics are. id is the stem of the
// function's logical ids.
func (s *stack) addReasonMetric(id, reason, metric string) {
	s.Add(metric+"Filter", &logs.MetricFilter{
		LogGroupName: logGroupID(id).Ref(),
		FilterPattern: `{ $.` + contract.ReasonProperty + ` = "` + reason + `" && $.` +
			contract.EnvironmentDimension + ` = "*" }`,
		MetricTransformations: []logs.MetricFilter_MetricTransformation{{
			MetricNamespace: contract.MetricNamespace,
			MetricName:      metric,
			MetricValue:     "1",
			Unit:            new("Count"),
			Dimensions: []logs.MetricFilter_Dimension{{
				Key: contract.EnvironmentDimension, Value: "$." + contract.EnvironmentDimension,
			}},
		}},
	})
}
