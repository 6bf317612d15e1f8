package awsstub

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"strconv"

	"github.com/paysluice/paysluice/handlers/contract"
	"github.com/paysluice/paysluice/test/quality/runtimeapi/wire"
)

// Calls that are answered, as latency's file names them.
const (
	SendMessage    = "sqs.SendMessage"
	GetSecretValue = "secretsmanager.GetSecretValue"
	PutItem        = "dynamodb.PutItem"
	PutObject      = "s3.PutObject"
	unknownCall    = "unknown"
)

func callOf(r wire.Request) string {
	switch string(r.Target) {
	case "AmazonSQS.SendMessage":
		return SendMessage
	case "secretsmanager.GetSecretValue":
		return GetSecretValue
	case "DynamoDB_20120810.PutItem":
		return PutItem
	case "":
		if string(r.Method) == "PUT" {
			return PutObject
		}
	}
	return unknownCall
}

// answer appends the HTTP response to a call.
func (s *state) answer(b []byte, call string, body []byte) []byte {
	switch call {
	case SendMessage:
		return s.sendMessage(b, body)
	case GetSecretValue:
		return s.getSecretValue(b, body)
	case PutItem:
		return s.putItem(b, body)
	case PutObject:
		s.countObject()
		return append(b, "HTTP/1.1 200 OK\r\nx-amz-request-id: 0000000000000000\r\n"+
			"ETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\nContent-Length: 0\r\n\r\n"...)
	}
	return s.refuse(b, "UnknownOperationException")
}

func (s *state) sendMessage(b, body []byte) []byte {
	message, ok := stringField(body, "MessageBody")
	url, ok2 := stringField(body, "QueueUrl")
	if !ok || !ok2 {
		return s.refuse(b, "InvalidParameterValue")
	}
	text, err := unescape(message)
	if err != nil {
		return s.refuse(b, "InvalidMessageContents")
	}
	sum := md5.Sum(text) // the SDK compares it with its own
	id := s.enqueue(string(url), message)
	var answer [160]byte
	a := append(answer[:0], `{"MD5OfMessageBody":"`...)
	a = hex.AppendEncode(a, sum[:])
	a = append(a, `","MessageId":"`...)
	a = append(a, messageID(id)...)
	a = append(a, `"}`...)
	return appendJSON(b, "200 OK", "1.0", a)
}

func (s *state) getSecretValue(b, body []byte) []byte {
	arn, _ := stringField(body, "SecretId")
	secret, ok := s.secret(string(arn))
	if !ok {
		return s.refuse(b, "ResourceNotFoundException")
	}
	answer, err := json.Marshal(map[string]any{
		"ARN": string(arn), "Name": string(arn), "SecretString": secret,
		"VersionId": messageID(1), "VersionStages": []string{"AWSCURRENT"},
	})
	if err != nil {
		return s.refuse(b, "InternalServiceError")
	}
	return appendJSON(b, "200 OK", "1.1", answer)
}

func (s *state) putItem(b, body []byte) []byte {
	item, ok := field(body, "Item")
	id, ok2 := attribute(item, contract.EventIDAttribute, "S")
	at, ok3 := attribute(item, contract.TimestampAttribute, "N")
	switch {
	case !ok || !ok2 || !ok3:
		return s.refuse(b, "ValidationException")
	case !s.store(string(id) + "@" + string(at)):
		// Every event is sent once, so this is a failure of the run, which
		// Counts shows. The item that is there is not returned.
		return appendJSON(b, "400 Bad Request", "1.0",
			[]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}`))
	}
	return appendJSON(b, "200 OK", "1.0", []byte("{}"))
}

// refuse answers 400, which AWS's SDKs do not try again.
func (s *state) refuse(b []byte, kind string) []byte {
	s.countRefusal()
	return appendJSON(b, "400 Bad Request", "1.0", []byte(`{"__type":"`+kind+`"}`))
}

// appendJSON is a response of one of AWS's JSON protocols. The checksum is
// DynamoDB's, whose SDK compares it; others pass it by.
func appendJSON(b []byte, status, version string, body []byte) []byte {
	b = append(b, "HTTP/1.1 "...)
	b = append(b, status...)
	b = append(b, "\r\nServer: Server\r\nx-amzn-RequestId: 0e0b4b1c-4d6a-5a6e-8f1d-16c3b1f7a5f0\r\nContent-Type: application/x-amz-json-"...)
	b = append(b, version...)
	b = append(b, "\r\nx-amz-crc32: "...)
	b = strconv.AppendUint(b, uint64(crc32.ChecksumIEEE(body)), 10)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}
