package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

func (s *stack) addTable() cfn.ID {
	return s.Add("EventsTable", &dynamodb.Table{
		TableName:   new(named(contract.TableName)),
		BillingMode: new("PAY_PER_REQUEST"),
		AttributeDefinitions: []dynamodb.Table_AttributeDefinition{
			{AttributeName: contract.EventIDAttribute, AttributeType: "S"},
			{AttributeName: contract.TimestampAttribute, AttributeType: "N"},
			{AttributeName: contract.PaymentKeyAttribute, AttributeType: "S"},
			{AttributeName: contract.DayKeyAttribute, AttributeType: "S"},
		},
		KeySchema: keySchema(contract.EventIDAttribute),
		GlobalSecondaryIndexes: []dynamodb.Table_GlobalSecondaryIndex{
			listIndex(contract.PaymentIndex, contract.PaymentKeyAttribute),
			listIndex(contract.DayIndex, contract.DayKeyAttribute),
		},
		TimeToLiveSpecification: &dynamodb.Table_TimeToLiveSpecification{
			AttributeName: new(contract.ExpiresAtAttribute),
			Enabled:       true,
		},
		// An item is written once and never changed, so the new image is all
		// that a reader of the stream needs.
		StreamSpecification: &dynamodb.Table_StreamSpecification{StreamViewType: "NEW_IMAGE"},
		SSESpecification: &dynamodb.Table_SSESpecification{
			SSEEnabled:     true,
			SSEType:        new("KMS"),
			KMSMasterKeyId: new(keyARN()),
		},
		PointInTimeRecoverySpecification: &dynamodb.Table_PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: new(true),
		},

		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
	})
}

// listIndex orders events by time below another partition key.
func listIndex(name, partitionKey string) dynamodb.Table_GlobalSecondaryIndex {
	return dynamodb.Table_GlobalSecondaryIndex{
		IndexName: name,
		KeySchema: keySchema(partitionKey),
		Projection: &dynamodb.Table_Projection{
			ProjectionType:   new("INCLUDE"),
			NonKeyAttributes: contract.ListColumns(),
		},
	}
}

func keySchema(partitionKey string) []dynamodb.Table_KeySchema {
	return []dynamodb.Table_KeySchema{
		{AttributeName: partitionKey, KeyType: "HASH"},
		{AttributeName: contract.TimestampAttribute, KeyType: "RANGE"},
	}
}
