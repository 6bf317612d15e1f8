package template

import "strconv"

// memoryPerVCPU is the memory, in MB, with which a function has one vCPU (Lambda
// Developer Guide, "Configure Lambda function memory").
const memoryPerVCPU = 1769

// goRuntime is what Go's runtime reads from a function's environment. It sees
// the processors of the machine and not how little of them the function has.
func goRuntime(memoryMB int) map[string]string {
	vCPUs := (memoryMB + memoryPerVCPU - 1) / memoryPerVCPU
	return map[string]string{
		// More threads than vCPUs only wake each other up (docs/performance.md,
		// "What was done").
		"GOMAXPROCS": strconv.Itoa(vCPUs),
	}
}
