package main

import "summarizer/esbridge/linux"

const defaultSource = "linux"

// requirements are those of the eBPF source.
func requirements() (all []requirement) {
	for _, r := range linux.Check() {
		all = append(all, requirement(r))
	}
	return all
}
