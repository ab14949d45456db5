// Package xpc carries summaries over a Mach service of macOS: XPC connections as net.Conn, so
// that transport.Sender and transport.Receiver run over them unchanged.
//
//	agent  l, err := xpc.Listen(config); sender.Serve(ctx, l)
//	host   transport.ReceiverConfig{Dial: func(ctx context.Context) (net.Conn, error) { return xpc.Dial(config) }}
//
// # The service
//
// launchd knows the name: the property list of the agent lists it under MachServices, or, for a
// system extension, its Info.plist says it as NSEndpointSecurityMachServiceName.
//
// # On the wire
//
// A message is a dictionary with one value, data under the key "bytes": what one Write wrote. The
// agent writes a frame at a time and the host an acknowledgement, so each is one message, and a
// host in another language needs no stream: it answers the data of a frame with the 20 bytes of
// an acknowledgement (package transport). To a reader messages are one stream of bytes.
//
// # Who may connect
//
// Both ends say what they require of the other's code signature. The system checks it for every
// message, before the connection takes the first one: who does not fulfil it is never heard, and
// as a Sender sends nothing before it was told what a host is, gets nothing. It tells
// transport nothing of the process behind a connection.
//
// # Bounds
//
// One message is in flight: the next one waits until a barrier says that the one before was
// handed over, so nothing queues in libxpc, neither memory nor Mach ports. What has come and
// was not read is at most FrameSize bytes; whoever sends more loses the connection, since one
// who waits for acknowledgements cannot. A connection takes three frames of memory and two
// goroutines.
//
// What is written here runs without cgo, and was compiled for macOS and never run there; the
// framing is tested on Linux. docs/macos.md has the checklist.
package xpc
