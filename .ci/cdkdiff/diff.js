// Reads a list of pairs of CloudFormation templates from stdin, as JSON, and prints a
// list of what the AWS CDK's diff says of each: the impact on each resource.
//
//	node .ci/cdkdiff/diff.js < pairs.json
'use strict';

const fs = require('node:fs');
const { fullDiff } = require('@aws-cdk/cloudformation-diff');

const pairs = JSON.parse(fs.readFileSync(0, 'utf8'));
console.log(JSON.stringify(pairs.map(([before, after]) => {
  const impacts = {};
  fullDiff(before, after).resources.forEachDifference((id, change) => { impacts[id] = change.changeImpact; });
  return impacts;
})));
