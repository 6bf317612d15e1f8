package table_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paysluice/paysluice/handlers/aws/table"
	"github.com/paysluice/paysluice/test/simulation/memory"
)

func TestClaim(t *testing.T) {
	db := memory.NewDynamoDB()
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            new("guards"),
		KeySchema:            []types.KeySchemaElement{{AttributeName: new("guard"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: new("guard"), AttributeType: types.ScalarAttributeTypeS}},
	})
	require.NoError(t, err)
	guards := table.NewGuards(db, "guards")
	claim := func(name, value string, expires time.Time) string {
		held, err := guards.Claim(t.Context(), name, value, expires)
		require.NoError(t, err)
		return held
	}

	assert.Equal(t, "1", claim("a", "1", time.Unix(1_780_000_000, 0)))
	assert.Equal(t, "1", claim("a", "1", time.Time{}), "a second receive")
	assert.Equal(t, "1", claim("a", "2", time.Time{}), "the first value stays")
	assert.Equal(t, "2", claim("b", "2", time.Time{}))

	out, err := db.Scan(t.Context(), &dynamodb.ScanInput{TableName: new("guards")})
	require.NoError(t, err)
	assert.Equal(t, []map[string]types.AttributeValue{
		{
			"guard": &types.AttributeValueMemberS{Value: "a"}, "held": &types.AttributeValueMemberS{Value: "1"},
			"expiresAt": &types.AttributeValueMemberN{Value: "1780000000"},
		},
		{"guard": &types.AttributeValueMemberS{Value: "b"}, "held": &types.AttributeValueMemberS{Value: "2"}},
	}, out.Items)
}

func TestClaimThatCannotBeDecidedFails(t *testing.T) {
	down := errors.New("down")
	for why, row := range map[string]struct{ err, want error }{
		"DynamoDB fails":        {down, down},
		"an item without value": {&types.ConditionalCheckFailedException{}, table.ErrItem},
		"a value of another type": {&types.ConditionalCheckFailedException{Item: map[string]types.AttributeValue{
			"held": &types.AttributeValueMemberN{Value: "1"},
		}}, table.ErrItem},
	} {
		_, err := table.NewGuards(client(func(*dynamodb.PutItemInput) error { return row.err }), "guards").Claim(t.Context(), "a", "1", time.Time{})
		assert.ErrorIs(t, err, row.want, why)
	}
}
