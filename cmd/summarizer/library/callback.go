//go:build cgo

package main

/*
#include <pthread.h>
#include <stdlib.h>
#include "summarizer.h"

static void call(summarizer_frame_callback f, uintptr_t context, summarizer_t s, uint64_t seq, const void *frame, size_t length) {
	f((void *)context, s, seq, frame, length);
}

static uintptr_t this_thread(void) { return (uintptr_t)pthread_self(); }
*/
import "C"

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// frames calls the callback of one summarizer, from a thread of its own.
type frames struct {
	callback C.summarizer_frame_callback
	context  uintptr        // of the host: any bits, which Go must not take for a pointer
	number   uint64         // of the summarizer
	memory   unsafe.Pointer // of C: what the host may keep until it acknowledges
	size     int
	thread   atomic.Uintptr // that is in the callback; 0: none
}

// newFrames is nil where there is no memory for a frame.
func newFrames(callback C.summarizer_frame_callback, context uintptr, size int) *frames {
	memory := C.calloc(1, C.size_t(size))
	if memory == nil {
		return nil
	}
	return &frames{callback: callback, context: context, memory: memory, size: size}
}

// serve calls the callback until the outbox ends.
func (f *frames) serve(o *outbox) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	o.serve(f.call)
}

func (f *frames) call(seq uint64, frame []byte) {
	n := copy(unsafe.Slice((*byte)(f.memory), f.size), frame)
	f.thread.Store(uintptr(C.this_thread()))
	C.call(f.callback, C.uintptr_t(f.context), C.summarizer_t(f.number), C.uint64_t(seq), f.memory, C.size_t(n))
	f.thread.Store(0)
}

// free is for when serve has returned.
func (f *frames) free() { C.free(f.memory) }

// calling tells whether the calling thread is in the callback.
func (f *frames) calling() bool {
	t := f.thread.Load()
	return t != 0 && t == uintptr(C.this_thread())
}
