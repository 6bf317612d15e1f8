// Prints what cdk-nag's AwsSolutions and Serverless rules find in a CloudFormation template,
// beside what the template's metadata suppresses, as a list in JSON. It exits
// with 1 when that is anything.
//
//	node .ci/nag/nag.js out/stack.json
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { App, Aspects, Stack } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const { AwsSolutionsChecks, ServerlessChecks } = require('cdk-nag');

const findings = [];
const logger = {
  onCompliance() {},
  onNotApplicable() {},
  onSuppressed() {},
  onSuppressedError() {},
  onNonCompliance(f) {
    findings.push({ resource: stack.resolve(f.resource.logicalId), rule: f.ruleId + (f.findingId && `[${f.findingId}]`) });
  },
  // A rule that cannot be evaluated has not passed.
  onError(f) {
    findings.push({ resource: stack.resolve(f.resource.logicalId), rule: f.ruleId, error: f.errorMessage });
  },
};

const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'nag-'));
const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, 'Stack');
// Serverless-APIGWXrayEnabled cannot be evaluated with a parameter.
new CfnInclude(stack, 'Template', { templateFile: process.argv[2], parameters: { Tracing: false } });
for (const Checks of [AwsSolutionsChecks, ServerlessChecks]) {
  Aspects.of(app).add(new Checks({ reports: false, additionalLoggers: [logger] }));
}
try {
  app.synth();
} finally {
  fs.rmSync(outdir, { recursive: true });
}
console.log(JSON.stringify(findings, null, 1));
process.exitCode = findings.length > 0 ? 1 : 0;
