// Package emulator runs the stack on this machine: MiniStack from .venv, and
// on it the template and the function zips, deployed with the real aws
// cloudformation deploy. It is for the demo and for tests that cross packages.
//
// # What MiniStack 1.5.33 does
//
// Tried out, or read in its sources:
//
//   - Under AUTH=true only root passes without a policy: the key id "test" or
//     a 12-digit account id. A function gets a session of its own role, so a
//     missing permission fails the call, and names the role in its error.
//   - put-role-policy and the like take effect at the next call, also for a
//     function that is warm.
//   - A function inherits the emulator's environment; its own variables, and
//     then AWS_ENDPOINT_URL, come last.
//   - What a function writes to standard output or error is a log event a line
//     in /aws/lambda/{function}, among START, END and REPORT, once the
//     invocation has ended.
//   - A zip that is missing from the code bucket is no error: the function
//     then answers 200 to everything. Deploy uploads, so it fails instead.
//   - Several headers of one name are joined with a comma before they reach
//     the API, so a repeated header cannot be tested on it.
//   - Everything is in memory or in TMPDIR, so ending it abruptly loses
//     nothing that anybody wants.
//   - It is ready half a second after its start, and has deployed the stack
//     before aws cloudformation deploy asks for the first time; that command
//     asks again only after 30 seconds.
package emulator
