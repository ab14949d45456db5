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

// open makes both clients, carries out the plan, and subscribes.
func open(c endpointsecurity.Config) (*transport, error) {
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
	err := carryOut(c.Plan.Calls, t.do)
	if err == nil && C.est_start(t.c) != 0 {
		err = errSubscribe
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
		return errDelete
	}
	C.est_free(t.c)
	t.c = nil
	return nil
}

// do makes a call and returns its result (es_return_t), 0 for success.
func (t *transport) do(c endpointsecurity.Call) uint32 {
	switch c.Op {
	case endpointsecurity.MuteProcess:
		return uint32(C.est_mute_process(t.c, (*C.uint32_t)(unsafe.Pointer(&c.Token))))
	case endpointsecurity.UnmuteTarget:
		return uint32(C.est_unmute_targets(t.c))
	case endpointsecurity.InvertTarget:
		return uint32(C.est_invert_targets(t.c))
	default:
		path := C.CString(c.Path)
		defer C.free(unsafe.Pointer(path))
		return uint32(C.est_mute_path(t.c, path, C.uint32_t(c.Type)))
	}
}
