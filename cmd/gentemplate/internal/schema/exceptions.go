package schema

// except adds what the schemas lack or say in prose only.
func (types Types) except() {
	edit := func(typ string, change func(*Type)) {
		t := types[typ]
		t.Known = true
		change(&t)
		types[typ] = t
	}
	// Schema of the table, descriptions of KeySchema and AttributeDefinitions: a
	// changed key, or a changed type of an attribute, replaces the table.
	edit("AWS::DynamoDB::Table", func(t *Type) {
		t.CreateOnly = append(t.CreateOnly, "KeySchema", "AttributeDefinitions/*/AttributeType")
		t.Conditional = nil
	})
	// Schema of the key, description of the type: "the update request fails".
	edit("AWS::KMS::Key", func(t *Type) { t.Fixed = []string{"KeySpec", "KeyUsage", "MultiRegion", "Origin"} })
	// User Guide, AWS::Events::Rule: EventBusName, "Update requires: Replacement".
	edit("AWS::Events::Rule", func(t *Type) { t.CreateOnly = append(t.CreateOnly, "EventBusName"); t.Conditional = nil })
	// serverless/serverless#9240: "Modifying service token is not allowed".
	edit(CustomResource, func(t *Type) { t.Fixed = []string{"ServiceToken"} })
	// User Guide: "Update requires: Replacement". S3 can enable it on a bucket since
	// 2023, but the resource type does not say that it does.
	edit("AWS::S3::Bucket", func(t *Type) { t.CreateOnly = append(t.CreateOnly, "ObjectLockEnabled") })
	// aws/aws-cdk#6942: a function has one mapping for a source. User Guide: the
	// configurations of Kafka, "Update requires: Replacement".
	edit("AWS::Lambda::EventSourceMapping", func(t *Type) {
		t.Keys = []string{"EventSourceArn", "FunctionName"}
		t.CreateOnly = append(t.CreateOnly, "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig")
	})
	// API Gateway API Reference, CreateResource: "Another resource with the same parent
	// already has this name"; PutGatewayResponse: one of each type.
	edit("AWS::ApiGateway::Resource", func(t *Type) { t.Keys = []string{"ParentId", "PathPart", "RestApiId"} })
	edit("AWS::ApiGateway::GatewayResponse", func(t *Type) { t.Keys = []string{"ResponseType", "RestApiId"} })
	edit("AWS::ApiGateway::Authorizer", func(t *Type) { t.Keys = []string{"Name", "RestApiId"} })
	for _, typ := range []string{
		"AWS::Backup::BackupVault", "AWS::CloudFormation::Stack", "AWS::CodeCommit::Repository", "AWS::Cognito::IdentityPool",
		"AWS::Cognito::UserPool", "AWS::DocDB::DBCluster", "AWS::DynamoDB::GlobalTable",
		"AWS::DynamoDB::Table", "AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::ECR::Repository",
		"AWS::EFS::FileSystem", "AWS::EMR::Cluster", "AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup",
		"AWS::Elasticsearch::Domain", "AWS::FSx::FileSystem", "AWS::KMS::Key", "AWS::Kinesis::Stream",
		"AWS::Logs::LogGroup", "AWS::Neptune::DBCluster", "AWS::OpenSearchService::Domain",
		"AWS::Organizations::Account", "AWS::QLDB::Ledger", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::Redshift::Cluster", "AWS::S3::Bucket",
		"AWS::SecretsManager::Secret", "AWS::SDB::Domain", "AWS::SQS::Queue", "AWS::SSM::Parameter",
	} {
		edit(typ, func(t *Type) { t.Stateful = true })
	}
}

// CustomResource is the type under which custom resources are found.
const CustomResource = "AWS::CloudFormation::CustomResource"
