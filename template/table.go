package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/template/cfn"
)

// deletedAfterTables returns the resources with data that CloudFormation deletes only
// when the tables are gone. A deletion that DeletionProtection refuses keeps their data.
// webhook-unpublished and provider-api-keys, which exist under conditions, are not among
// them: their contents can be made again.
func (s *stack) deletedAfterTables() []string {
	ids := []string{emptiedBucketID, webhookQueueID, deadLetterQueueID}
	for _, p := range s.options.Providers {
		ids = append(ids, secretID(p))
	}
	return ids
}

// addTable adds the table of events with its indexes.
func (s *stack) addTable() cfn.ID {
	table := s.Add("EventsTable", cfn.With{Set: map[string]any{
		"DeletionProtectionEnabled": cfn.Ref(deletionProtection),
	}, Resource: &dynamodb.Table{
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
			listIndex(contract.PaymentIndex, contract.PaymentKeyAttribute, contract.PaymentColumns()),
			listIndex(contract.DayIndex, contract.DayKeyAttribute, contract.DayColumns()),
		},
		TimeToLiveSpecification: &dynamodb.Table_TimeToLiveSpecification{
			AttributeName: new(contract.ExpiresAtAttribute),
			Enabled:       true,
		},
		// Items are written once and never changed, so readers of the stream
		// need only the new image.
		StreamSpecification:              &dynamodb.Table_StreamSpecification{StreamViewType: "NEW_IMAGE"},
		SSESpecification:                 encryptedTable(),
		PointInTimeRecoverySpecification: restorable(),

		AWSCloudFormationDependsOn:           s.deletedAfterTables(),
		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
	}})
	s.Output("TableName", cfn.Output{Description: "Name of the table of events.", Value: table.Ref()})
	s.Output("TableStreamArn", cfn.Output{Description: "ARN of the table's stream of new events.", Value: table.Att("StreamArn")})
	return table
}

// addGuardTable adds the table of names that guarded providers may use once. It can
// be rebuilt from nothing, but without a guard a forged second body of an accepted
// signature is stored, so it is protected like the table of events.
func (s *stack) addGuardTable() cfn.ID {
	return s.Add("GuardTable", cfn.With{Set: map[string]any{
		"DeletionProtectionEnabled": cfn.Ref(deletionProtection),
	}, Resource: &dynamodb.Table{
		TableName:   new(named(contract.GuardTableName)),
		BillingMode: new("PAY_PER_REQUEST"),
		AttributeDefinitions: []dynamodb.Table_AttributeDefinition{
			{AttributeName: contract.GuardAttribute, AttributeType: "S"},
		},
		KeySchema: []dynamodb.Table_KeySchema{{AttributeName: contract.GuardAttribute, KeyType: "HASH"}},
		TimeToLiveSpecification: &dynamodb.Table_TimeToLiveSpecification{
			AttributeName: new(contract.ExpiresAtAttribute),
			Enabled:       true,
		},
		SSESpecification:                 encryptedTable(),
		PointInTimeRecoverySpecification: restorable(),

		AWSCloudFormationDependsOn:           s.deletedAfterTables(),
		AWSCloudFormationDeletionPolicy:      destroy,
		AWSCloudFormationUpdateReplacePolicy: destroy,
	}})
}

func encryptedTable() *dynamodb.Table_SSESpecification {
	return &dynamodb.Table_SSESpecification{SSEEnabled: true, SSEType: new("KMS"), KMSMasterKeyId: new(keyARN())}
}

func restorable() *dynamodb.Table_PointInTimeRecoverySpecification {
	return &dynamodb.Table_PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: new(true)}
}

// listIndex returns an index that lists the events of a partition key by time.
func listIndex(name, partitionKey string, columns []string) dynamodb.Table_GlobalSecondaryIndex {
	return dynamodb.Table_GlobalSecondaryIndex{
		IndexName: name,
		KeySchema: keySchema(partitionKey),
		Projection: &dynamodb.Table_Projection{
			ProjectionType:   new("INCLUDE"),
			NonKeyAttributes: columns,
		},
	}
}

func keySchema(partitionKey string) []dynamodb.Table_KeySchema {
	return []dynamodb.Table_KeySchema{
		{AttributeName: partitionKey, KeyType: "HASH"},
		{AttributeName: contract.TimestampAttribute, KeyType: "RANGE"},
	}
}
