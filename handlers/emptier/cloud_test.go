package emptier_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/paysluice/paysluice/handlers/aws/client"
)

const (
	bucket  = "failed-webhooks-000000000000-test"
	stackID = "arn:aws:cloudformation:us-east-1:000000000000:stack/paysluice-test/5f0f1a3e"
)

// cloud simulates a stack and its bucket behind real clients.
type cloud struct {
	status   string   // of the stack; "" when there is none
	tags     []string // "key=value" of the bucket; nil for a bucket without
	noBucket bool
	// versions are the keys by version id; a marker's id begins with "marker".
	versions map[string]string
	// protected versions are refused with AccessDenied.
	protected map[string]bool
	pageSize  int
	// before runs before each request and can return an error code.
	before func(call string) (code string)

	calls   []string
	deletes int // requests to delete
}

func newCloud(status string, versions ...string) *cloud {
	c := &cloud{
		status: status, tags: []string{"team=payments", "aws:cloudformation:stack-id=" + stackID},
		versions: map[string]string{}, protected: map[string]bool{}, pageSize: 1000,
		before: func(string) string { return "" },
	}
	for i, key := range versions {
		c.versions[fmt.Sprintf("v%06d", i)] = key
	}
	return c
}

func (c *cloud) stacks() *cloudformation.Client {
	return cloudformation.New(cloudformation.Options{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: transport(c.answer),
	})
}

func (c *cloud) objects() *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: transport(c.answer), Retryer: client.NewRetryer(),
	})
}

type transport func(call string, body []byte, query url.Values) (int, string)

func (t transport) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	call := "DescribeStacks"
	if strings.HasPrefix(r.URL.Host, bucket+".s3.") {
		query, _, _ := strings.Cut(r.URL.RawQuery, "&")
		call = r.Method + " " + strings.TrimSuffix(query, "=")
	}
	status, answer := t(call, body, r.URL.Query())
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer))}, nil
}

func (c *cloud) answer(call string, body []byte, query url.Values) (int, string) {
	c.calls = append(c.calls, call)
	if code := c.before(call); code != "" {
		return failure(call, code)
	}
	if c.noBucket && call != "DescribeStacks" {
		return failure(call, "NoSuchBucket")
	}
	switch {
	case call == "DescribeStacks":
		return c.describe(string(body))
	case call == "GET tagging":
		return c.tagging()
	case call == "POST delete":
		return c.delete(body)
	default:
		return c.list(query.Get("version-id-marker"))
	}
}

func failure(call, code string) (int, string) {
	status := map[string]int{"NoSuchBucket": 404, "NoSuchTagSet": 404, "SlowDown": 503}[code]
	text := "<Error><Code>" + code + "</Code></Error>"
	if call == "DescribeStacks" {
		text = "<ErrorResponse>" + text + "</ErrorResponse>"
	}
	return max(status, 400), text
}

func (c *cloud) describe(body string) (int, string) {
	members := ""
	if c.status != "" && strings.Contains(body, url.QueryEscape(stackID)) {
		members = "<member><StackName>paysluice-test</StackName><StackStatus>" + c.status + "</StackStatus></member>"
	}
	return 200, "<DescribeStacksResponse><DescribeStacksResult><Stacks>" + members +
		"</Stacks></DescribeStacksResult></DescribeStacksResponse>"
}

func (c *cloud) tagging() (int, string) {
	if c.tags == nil {
		return failure("", "NoSuchTagSet")
	}
	set := ""
	for _, tag := range c.tags {
		key, value, _ := strings.Cut(tag, "=")
		set += "<Tag><Key>" + key + "</Key><Value>" + value + "</Value></Tag>"
	}
	return 200, "<Tagging><TagSet>" + set + "</TagSet></Tagging>"
}

// list is a page, in the order of the version ids.
func (c *cloud) list(after string) (int, string) {
	page, n := "", 0
	for _, id := range slices.Sorted(maps.Keys(c.versions)) {
		if id <= after {
			continue
		}
		if n++; n > c.pageSize {
			page += "<IsTruncated>true</IsTruncated><NextKeyMarker>" + c.versions[after] + "</NextKeyMarker>" +
				"<NextVersionIdMarker>" + after + "</NextVersionIdMarker>"
			break
		}
		element := "Version"
		if strings.HasPrefix(id, "marker") {
			element = "DeleteMarker"
		}
		page += "<" + element + "><Key>" + c.versions[id] + "</Key><VersionId>" + id + "</VersionId></" + element + ">"
		after = id
	}
	return 200, "<ListVersionsResult>" + page + "</ListVersionsResult>"
}

func (c *cloud) delete(body []byte) (int, string) {
	c.deletes++
	var request struct {
		Object []struct{ Key, VersionId string }
	}
	if err := xml.Unmarshal(body, &request); err != nil || len(request.Object) > 1000 {
		return 400, "<Error><Code>MalformedXML</Code></Error>"
	}
	errors := ""
	for _, o := range request.Object {
		if c.protected[o.VersionId] {
			errors += "<Error><Key>" + o.Key + "</Key><VersionId>" + o.VersionId + "</VersionId><Code>AccessDenied</Code></Error>"
		} else {
			delete(c.versions, o.VersionId)
		}
	}
	return 200, "<DeleteResult>" + errors + "</DeleteResult>"
}
