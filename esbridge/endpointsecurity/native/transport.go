//go:build cgo && (darwin || linux)

package native

/*
#cgo CFLAGS: -std=c11 -O2
#cgo darwin LDFLAGS: -lEndpointSecurity
#cgo linux LDFLAGS: -lpthread
#include <stdlib.h>
#include "es_transport.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"unsafe"

	"summarizer/esbridge/endpointsecurity"
)

// What Go reads is what C wrote: a layout of another size does not compile.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(endpointsecurity.Counters{})-C.sizeof_struct_est_counters]
	_ = [1]struct{}{}[endpointsecurity.RecordLayout-C.EST_LAYOUT]
	_ = [1]struct{}{}[endpointsecurity.NumLanes-C.EST_LANES]
	_ = [endpointsecurity.DrainBytes - C.EST_DRAIN_MIN]struct{}{}
)

// transport implements endpointsecurity.Transport. It is used by the operating system thread
// that opened it.
type transport struct{ c *C.struct_est_transport }

// open makes both clients, lets mute leave out what is not to be seen, and subscribes.
func open(c endpointsecurity.Config, mute func(*transport) error) (*transport, error) {
	c = c.WithDefaults()
	events := append([]uint32{}, c.Events...)
	config := C.struct_est_config{seed: C.uint64_t(rand.Uint64())}
	for lane := range endpointsecurity.NumLanes {
		config.ring_bytes[lane] = C.size_t(c.RingBytes[lane])
		config.slots[lane] = C.uint32_t(c.Slots[lane])
	}
	var result C.uint32_t
	t := &transport{openC(&config, events, &result)}
	if t.c == nil {
		return nil, openError(uint32(result))
	}
	err := mute(t)
	if err == nil && C.est_start(t.c) != 0 {
		err = errors.New("subscribing to Endpoint Security events: refused; check that this macOS is 13 or later")
	}
	if err != nil {
		return nil, errors.Join(err, t.Stop(func() {}))
	}
	return t, nil
}

// openC lends C the list of events for the time of the call.
func openC(config *C.struct_est_config, events []uint32, result *C.uint32_t) *C.struct_est_transport {
	list := (*C.uint32_t)(C.malloc(C.size_t(4*len(events) + 4)))
	defer C.free(unsafe.Pointer(list))
	copy(unsafe.Slice((*uint32)(unsafe.Pointer(list)), len(events)), events)
	config.events, config.event_count = list, C.uint32_t(len(events))
	return C.est_open(config, result)
}

// Drain implements endpointsecurity.Transport.
func (t *transport) Drain(lane endpointsecurity.Lane, buf []byte) int {
	return int(C.est_drain(t.c, C.enum_est_lane(lane), unsafe.Pointer(unsafe.SliceData(buf)), C.size_t(len(buf))))
}

// Counters implements endpointsecurity.Transport.
func (t *transport) Counters(lane endpointsecurity.Lane) (c endpointsecurity.Counters) {
	C.est_read_counters(t.c, C.enum_est_lane(lane), (*C.struct_est_counters)(unsafe.Pointer(&c)))
	return c
}

// Stop implements endpointsecurity.Transport.
func (t *transport) Stop(rest func()) error {
	failed := C.est_stop(t.c) != 0
	rest()
	if failed {
		// A handler may still run: what it writes to must stay.
		return errors.New("deleting the Endpoint Security clients: refused; end this process to be rid of them")
	}
	C.est_free(t.c)
	t.c = nil
	return nil
}

// muteProcess leaves out, in the kernel, what an execution does. token is its audit token.
func (t *transport) muteProcess(token [8]uint32) error {
	if C.est_mute_process(t.c, (*C.uint32_t)(unsafe.Pointer(&token))) != 0 {
		return fmt.Errorf("muting process %d: refused by Endpoint Security; check that it still runs", token[5])
	}
	return nil
}

// A muteType says what a path mutes (es_mute_path_type_t).
type muteType uint32

const (
	mutePrefix muteType = iota // executables below it
	muteLiteral
	muteTargetPrefix // files below it
	muteTargetLiteral
)

// mutePath leaves out, in the kernel, what executables do or what happens to files.
func (t *transport) mutePath(path string, kind muteType) error {
	c := C.CString(path)
	defer C.free(unsafe.Pointer(c))
	if C.est_mute_path(t.c, c, C.uint32_t(kind)) != 0 {
		return fmt.Errorf("muting %q: refused by Endpoint Security; check that it is an absolute path without symbolic links", path)
	}
	return nil
}
