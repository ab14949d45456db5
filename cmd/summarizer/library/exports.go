//go:build cgo

package main

/*
#include "summarizer.h"

// As cgo writes no const into prototypes, types of these names carry it: what it writes then
// agrees with summarizer.h, and the compiler checks that.
typedef const char *text_in;
typedef const void *memory_in;
typedef const struct summarizer_event *event_in;
typedef struct summarizer_stats *stats_out;
*/
import "C"

import (
	"errors"
	"os"
	"runtime/debug"
	"time"
	"unsafe"

	"summarizer/esbridge"
	"summarizer/esbridge/endpointsecurity"
)

// The numbers of summarizer.h are those of Go: others do not compile.
var (
	_ = [1]struct{}{}[numResults-1-C.SUMMARIZER_ERROR_FAILED]
	_ = [1]struct{}{}[errDropped-C.SUMMARIZER_ERROR_DROPPED]
	_ = [1]struct{}{}[esbridge.NumKinds-C.SUMMARIZER_KINDS]
	_ = [1]struct{}{}[esbridge.Other-C.SUMMARIZER_OTHER]
	_ = [1]struct{}{}[esbridge.Unlink-C.SUMMARIZER_UNLINK]
)

// errorTexts are the texts of results for C, which live forever.
var errorTexts = func() (texts [numResults + 1]*C.char) {
	for i := range texts {
		texts[i] = textOf(result(i).String())
	}
	return texts
}()

//export summarizer_error_text
func summarizer_error_text(code C.int) C.text_in {
	if code < 0 || code > C.int(numResults) {
		code = C.int(numResults)
	}
	return C.text_in(errorTexts[code])
}

//export summarizer_open
func summarizer_open(config C.text_in, callback C.summarizer_frame_callback, context unsafe.Pointer, errorText **C.char) C.summarizer_t {
	h, err := open((*C.char)(config), callback, uintptr(context))
	if err != nil {
		if errorText != nil {
			*errorText = textOf(err.Error())
		}
		return 0
	}
	return C.summarizer_t(h.number)
}

func open(text *C.char, callback C.summarizer_frame_callback, context uintptr) (*handle, error) {
	if callback == nil {
		return nil, errors.New("opening a summarizer: on_frame is NULL: pass the function that takes frames")
	}
	var configText []byte
	if text != nil {
		configText = []byte(C.GoString(text))
	}
	c, err := parseConfig(configText)
	if err != nil {
		return nil, err
	}
	if os.Getenv("GOGC") == "" {
		// Nearly all of the heap are tables that live as long as the summarizer: the default
		// would let as much garbage again pile up beside them.
		debug.SetGCPercent(5)
	}
	h := new(handle)
	if h.engine, err = newEngine(&c); err != nil {
		return nil, err
	}
	f := newFrames(callback, context, h.cfg.FrameSize)
	if f == nil {
		h.discard()
		return nil, errors.New("opening a summarizer: there is no memory for a frame: choose a smaller frame_size")
	}
	h.calling, h.free = f.calling, f.free
	if !handles.add(h) {
		h.discard()
		f.free()
		return nil, errors.New("opening a summarizer: 16 are open in this process: close one first")
	}
	f.number = h.number
	go f.serve(h.outbox)
	return h, nil
}

//export summarizer_fold
func summarizer_fold(number C.summarizer_t, client, message C.memory_in) C.int {
	// What a host passes may be any bits, which Go must not take for pointers.
	id, address := uintptr(client), uint64(uintptr(message))
	if address == 0 {
		return C.int(errArgument)
	}
	h := handles.get(uint64(number))
	if h == nil {
		return C.int(errHandle)
	}
	return C.int(h.foldMessage(id, endpointsecurity.OwnMemory{}, address))
}

//export summarizer_fold_event
func summarizer_fold_event(number C.summarizer_t, event C.event_in) C.int {
	if event == nil {
		return C.int(errArgument)
	}
	h := handles.get(uint64(number))
	if h == nil {
		return C.int(errHandle)
	}
	if !sized(unsafe.Pointer(event), event.size, C.sizeof_struct_summarizer_event) ||
		event.process != nil && !sized(unsafe.Pointer(event.process), event.process.size, C.sizeof_struct_summarizer_process) {
		return C.int(errSize)
	}
	e := esbridge.Event{
		Kind: kindOf(event), Count: uint64(event.count), First: int64(event.first), Last: int64(event.last),
		Path: bytesOf(&event.path), SourcePath: bytesOf(&event.source_path),
	}
	if event.flags&C.SUMMARIZER_HAS_BYTES != 0 {
		e.Bytes, e.HasBytes = uint64(event.bytes), true
	}
	if event.flags&C.SUMMARIZER_HAS_SIZE != 0 {
		e.Size, e.HasSize = int64(event.file_size), true
	}
	if event.process == nil {
		return C.int(h.foldEvent(&e, nil))
	}
	p := processOf(event.process)
	return C.int(h.foldEvent(&e, &p))
}

//export summarizer_acknowledge
func summarizer_acknowledge(number C.summarizer_t, seq C.uint64_t) C.int {
	h := handles.get(uint64(number))
	if h == nil {
		return C.int(errHandle)
	}
	return C.int(h.outbox.acknowledge(uint64(seq)))
}

//export summarizer_flush
func summarizer_flush(number C.summarizer_t) C.int {
	h := handles.get(uint64(number))
	if h == nil {
		return C.int(errHandle)
	}
	return C.int(h.flush())
}

//export summarizer_stats
func summarizer_stats(number C.summarizer_t, stats C.stats_out) C.int {
	if stats == nil {
		return C.int(errArgument)
	}
	h := handles.get(uint64(number))
	if h == nil {
		return C.int(errHandle)
	}
	const oldest = unsafe.Offsetof(stats.given)
	size := uintptr(stats.size)
	if size < oldest || size > maxStruct {
		return C.int(errSize)
	}
	s := h.stats()
	filled := C.struct_summarizer_stats{
		size: stats.size, waiting: C.uint32_t(s.waiting), given: C.uint64_t(s.given),
		malformed_events: C.uint64_t(s.malformed), frames: C.uint64_t(s.frames),
		acknowledged: C.uint64_t(s.acknowledged), merged: C.uint64_t(s.merged), outstanding: C.uint64_t(s.outstanding),
	}
	for i, n := range s.dropped {
		filled.dropped_by[i] = C.uint64_t(n)
		filled.dropped += C.uint64_t(n)
	}
	to := unsafe.Slice((*byte)(unsafe.Pointer(stats)), int(size))
	clear(to[copy(to, unsafe.Slice((*byte)(unsafe.Pointer(&filled)), int(unsafe.Sizeof(filled)))):])
	return C.int(success)
}

//export summarizer_close
func summarizer_close(number C.summarizer_t, waitMS C.uint32_t) C.int {
	h := handles.get(uint64(number))
	if h == nil {
		return C.int(errHandle)
	}
	if h.calling() {
		return C.int(errCallback)
	}
	r := h.close(time.Duration(waitMS) * time.Millisecond)
	if r != errHandle { // another call closes it
		handles.remove(h)
		h.free()
	}
	return C.int(r)
}
