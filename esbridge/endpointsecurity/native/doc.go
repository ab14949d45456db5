// Package native opens Endpoint Security on this Mac: one client for file events and one for the
// steps of processes.
//
// New makes the source. It needs macOS 13 or later, root, the entitlement
// com.apple.developer.endpoint-security.client and Full Disk Access; what is missing is said in
// the error of Run.
//
// # Two transports
//
// With cgo the handlers run to completion in C and never enter the Go runtime: es_transport.c
// says how they work and what they promise. Without cgo (pure.go) they are Go functions that C
// calls through purego. What they count and deliver is the same, at fifty to a hundred times the
// cost of an event, and while the runtime is busy they wait and the kernel drops: that build is
// for those who cannot have a C compiler and Apple's SDK.
//
// # On Linux
//
// With cgo, the package holds the same C file, the same handlers in Go, and a simulated
// libEndpointSecurity (simulator.c) for the tests of both; nothing of the program links it.
package native
