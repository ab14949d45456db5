//go:build cgo

package native

/*
#include <stdlib.h>
#include "simulator.h"
*/
import "C"

import (
	"unsafe"

	"summarizer/esbridge/endpointsecurity/simulator"
)

// The simulated libEndpointSecurity of simulator.c, for tests. There is one: tests that use it
// do not run in parallel.

// flood is sim_flood.
type flood struct {
	events                           uint64
	processes, threads, files        uint32
	version                          uint32
	dropEvery, lifecycleEvery        uint32
	reuse, emptyHandler, measureEach bool
}

func bit(b bool) C.uint32_t {
	if b {
		return 1
	}
	return 0
}

// startFlood begins to deliver f to the clients that there are.
func startFlood(f flood) {
	C.sim_start_flood(&C.struct_sim_flood{
		events: C.uint64_t(f.events), processes: C.uint32_t(f.processes), threads: C.uint32_t(f.threads),
		files: C.uint32_t(f.files), version: C.uint32_t(f.version), drop_every: C.uint32_t(f.dropEvery),
		lifecycle_every: C.uint32_t(f.lifecycleEvery), reuse: bit(f.reuse), empty: bit(f.emptyHandler), timed: bit(f.measureEach),
	})
}

// play begins to deliver a script, and returns what waits for its end. dropped says which of
// its messages the kernel drops.
func play(script []simulator.Image, dropped func(i int) bool) (wait func()) {
	const size = C.sizeof_struct_sim_message
	list := C.calloc(C.size_t(len(script)+1), size)
	for i, image := range script {
		pointers := C.malloc(C.size_t(4*len(image.Pointers) + 4))
		copy(unsafe.Slice((*uint32)(pointers), len(image.Pointers)), image.Pointers)
		*(*C.struct_sim_message)(unsafe.Add(list, i*size)) = C.struct_sim_message{
			bytes: (*C.uint8_t)(C.CBytes(image.Bytes)), size: C.uint32_t(len(image.Bytes)),
			pointers: (*C.uint32_t)(pointers), pointer_count: C.uint32_t(len(image.Pointers)), dropped: bit(dropped(i)),
		}
	}
	C.sim_play((*C.struct_sim_message)(list), C.uint32_t(len(script)))
	return func() {
		C.sim_wait()
		for i := range script {
			m := (*C.struct_sim_message)(unsafe.Add(list, i*size))
			C.free(unsafe.Pointer(m.bytes))
			C.free(unsafe.Pointer(m.pointers))
		}
		C.free(list)
	}
}

func waitFlood()         { C.sim_wait() }
func resetSimulator()    { C.sim_reset() }
func apiCalls() string   { return C.GoString(C.sim_calls()) }
func refuseCalls(b bool) { C.sim_refuse(bit(b)) }

// failNewClient makes the n-th es_new_client from now, from 1, return result.
func failNewClient(n int, result uint32) { C.sim_fail(C.uint32_t(n), C.uint32_t(result)) }

// A report is what the simulated kernel did for a client.
type report struct {
	delivered, dropped map[uint32]uint64 // by event type
	longest            uint64            // of a call, in nanoseconds
	elapsed            uint64            // processor time of a delivery of reused messages, in nanoseconds
	calls              []uint64          // by duration
}

// readReport is the report of a client, by the order of their making, from 0.
func readReport(client int) (r report) {
	var c C.struct_sim_report
	C.sim_read(C.uint32_t(client), &c)
	r = report{delivered: map[uint32]uint64{}, dropped: map[uint32]uint64{}, longest: uint64(c.longest), elapsed: uint64(c.elapsed)}
	for i := range c.delivered {
		if c.delivered[i] > 0 {
			r.delivered[uint32(i)] = uint64(c.delivered[i])
		}
		if c.dropped[i] > 0 {
			r.dropped[uint32(i)] = uint64(c.dropped[i])
		}
	}
	for _, n := range c.calls {
		r.calls = append(r.calls, uint64(n))
	}
	return r
}

// quantile is the duration of a call that a share of them did not exceed, in nanoseconds, to a
// sixteenth.
func (r *report) quantile(share float64) uint64 {
	total, sum := uint64(0), uint64(0)
	for _, n := range r.calls {
		total += n
	}
	for i, n := range r.calls {
		if sum += n; float64(sum) >= share*float64(total) {
			return uint64(C.sim_bucket_end(C.uint32_t(i)))
		}
	}
	return 0
}
