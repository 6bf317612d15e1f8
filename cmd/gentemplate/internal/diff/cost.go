package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/paysluice/paysluice/cmd/gentemplate/internal/model"
)

// ErrPrices reports that a price table cannot be used.
var ErrPrices = errors.New("no price table")

// Prices is a price list: dollars for one unit by id.
type Prices map[string]float64

// ReadPrices reads the prices of test/performance/figures.json.
func ReadPrices(path string) (Prices, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPrices, err)
	}
	var table struct {
		Prices []struct {
			ID       string
			USD, Per float64
		}
	}
	if err := json.Unmarshal(text, &table); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrPrices, path, err)
	}
	prices := Prices{}
	for _, p := range table.Prices {
		prices[p.ID] = p.USD / p.Per
	}
	return prices, nil
}

// compare returns lines about what costs more or less. Resources that cost money
// while nothing happens are counted; the others depend on the traffic.
func (prices Prices) compare(c *comparison) []string {
	lines := []string{}
	if len(prices) == 0 {
		return lines
	}
	before, after := count(c.old), count(c.new)
	total, detail := 0.0, ""
	for _, item := range []struct{ id, unit string }{
		{"cloudwatch.alarm", "alarm metrics"}, {"cloudwatch.dashboard", "dashboards"}, {"cloudwatch.metric", "custom metrics while they have data"},
		{"kms.key", "keys"}, {"secrets.secret", "secrets"},
	} {
		if n := after[item.id] - before[item.id]; n != 0 {
			total += n * prices[item.id]
			detail += fmt.Sprintf(", %+.0f %s", n, item.unit)
		}
	}
	if detail != "" {
		lines = append(lines, fmt.Sprintf("%s$%.2f a month%s", sign(total), math.Abs(total), detail))
	}
	for _, item := range []struct {
		id, unit string
		times    float64
	}{
		{"dynamodb.backup", "GB-month of point-in-time recovery", 1}, {"dynamodb.write", "million writes to indexes", 1e6},
		{"xray.trace", "million traces", 1e6},
	} {
		if n := after[item.id] - before[item.id]; n != 0 {
			lines = append(lines, fmt.Sprintf("%s$%.2f per %s", sign(n), math.Abs(n)*item.times*prices[item.id], item.unit))
		}
	}
	return lines
}

func sign(n float64) string {
	if n < 0 {
		return "-"
	}
	return "+"
}

// count returns how many priced units resources have, by price.
func count(resources map[string]*model.Resource) map[string]float64 {
	units := map[string]float64{}
	for _, r := range resources {
		switch r.Type {
		case typeAlarm:
			units["cloudwatch.alarm"] += float64(len(metrics(r.Properties)))
		case "AWS::CloudWatch::Dashboard":
			units["cloudwatch.dashboard"]++
		case typeFilter:
			units["cloudwatch.metric"] += float64(len(emits(r)))
		case "AWS::KMS::Key":
			units["kms.key"]++
		case "AWS::SecretsManager::Secret":
			units["secrets.secret"]++
		case typeTable:
			units["dynamodb.write"] += float64(len(find(r, "GlobalSecondaryIndexes/*", nil)))
			for range find(r, "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", nil) {
				if on("", model.Show(find(r, "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", nil)["PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled"])) {
					units["dynamodb.backup"]++
				}
			}
		case "AWS::ApiGateway::Stage":
			if r.Properties["TracingEnabled"] == "true" {
				units["xray.trace"]++
			}
		}
	}
	return units
}
