// Package transport brings summaries from an agent to its hosts, so that neither a slow host
// nor a dead one makes anything grow.
//
// # Who does what
//
// The agent listens on a Unix socket (Listen) and runs a Sender; a host connects and runs a
// Receiver. In one process both run over an Inside, which is a listener without a socket. A
// host is a keeper, which keeps history, or a watcher, which only looks. There is one
// keeper: the newest, which replaces the one before.
//
// # The protocol
//
// The agent sends frames (package summaries) and nothing else. The host sends
// acknowledgements of AckSize bytes and nothing else (wire.go). Its first one, of number 0,
// says what it is. After that each carries the Seq of the frame it was sent, once that is
// safe: a Receiver acknowledges when its Handle has returned nil. There is one frame
// unacknowledged at most on a connection.
//
//	host  ── EACK keep 0 ──▶  agent
//	host  ◀── frame 7 ──────  agent
//	host  ── EACK keep 7 ──▶  agent
//
// # What waits, and where
//
// Tiles for the keeper wait in a spool.Ring, oldest first. What was sent stays as it is
// until it is acknowledged, over any number of connections; only tiles that were never sent
// merge. So whoever stores by (machine, boot, first number, last number) has every tile
// once. A refresh waits for whoever has taken all tiles, until something newer comes. For a
// watcher one tile waits and merges with the next, and nothing that a watcher does or
// leaves undone is felt by anybody else.
//
// # Bounds
//
// A Sender has one keeper, MaxWatchers watchers and 16 connections that have not said yet
// what they are; one more of these pushes out the oldest. Each has at most three frames of
// memory. Nobody keeps a connection without doing its part in time: saying what it is,
// taking a frame, acknowledging it. Each connection ends for one Reason, and is counted.
package transport
