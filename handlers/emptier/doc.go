// Package emptier empties the stack's bucket when, and only when, the stack
// goes: a custom resource, since CloudFormation cannot delete a bucket that
// holds objects.
//
// # When a Delete request means that the stack goes
//
// CloudFormation sends Delete in many situations, and in most of them the bucket
// stays in use with all the dead letters in it:
//
//   - The stack is deleted: empty the bucket.
//   - The stack's creation failed and is undone: empty it.
//   - An update gave the custom resource another logical id. That is a new
//     resource, for the same bucket, and afterwards a Delete of the old one.
//   - An update took the custom resource out of the template; aws/aws-cdk#16603
//     is such a bucket, emptied.
//   - An update did one of these and failed: now the new resource is deleted.
//     aws/aws-cdk#27199 is about buckets that an undone update had emptied.
//   - An update changed the bucket's name: a Delete for the old physical id. That
//     bucket is not in use any more, but nobody asked for what is in it to be
//     deleted. CloudFormation fails to delete it and leaves it behind
//     (aws/aws-cdk#14011), which costs less than an archive.
//   - The ServiceToken changes. CloudFormation refuses that in place ("Updates
//     aren't supported", AWS::CloudFormation::CustomResource) and undoes the
//     update; with another logical id it is the case above, and it is the old
//     function that is sent the Delete.
//
// The requests look all the same: request type, physical id and properties say
// nothing about why. So the physical id is the bucket's name in every answer,
// which keeps ordinary updates from causing a Delete, and a Delete asks
// CloudFormation for the stack's status. Of the status codes (CloudFormation
// User Guide, "Stack status codes") two mean that every resource goes:
// DELETE_IN_PROGRESS, and ROLLBACK_IN_PROGRESS, "ongoing removal of one or more
// stacks after a failed stack creation". An update, its cleanup and its rollback
// have codes of their own. Any status but the two leaves the bucket as it is.
//
// A deletion that retains the bucket (delete-stack --retain-resources with the
// bucket's logical id) is a deletion like any other to all that can be asked for,
// so it empties the bucket before it leaves it behind. Who wants to keep what is
// in it retains the custom resource too, which is then sent no Delete.
//
// # Whose bucket
//
// The bucket must also carry the tag aws:cloudformation:stack-id with the id of
// the stack that the request comes from. CloudFormation sets it on what it
// creates (CloudFormation User Guide, "Resource tag"), and tags that begin with
// aws: cannot be set by anybody else. So a wrong name, a bucket that another
// stack has created in the meantime, or a request that arrives late cannot empty
// a bucket that is somebody else's.
package emptier
