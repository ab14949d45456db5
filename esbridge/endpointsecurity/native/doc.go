// Package native opens Endpoint Security on this Mac: two clients whose handlers run to
// completion in C and never enter the Go runtime.
//
// New makes the source. It needs macOS 13 or later, a build with cgo, root, the entitlement
// com.apple.developer.endpoint-security.client and Full Disk Access; what is missing is said in
// the error of Run. es_transport.c says how the handler works and what it promises.
//
// On Linux, with cgo, the package holds the same C file and a simulated libEndpointSecurity
// (simulator.c) for its tests, and nothing of the program links it.
package native
