package summaries

import (
	"bytes"
	"reflect"
	"testing"
)

// FuzzDecodeFrame gives its input to the reader as a frame without its padding, and as the
// payload of a frame whose header is right, which is the way past the checksum. Nothing may panic, memory may
// grow in proportion only, every error is one of the documented ones, and what is accepted
// is encoded again to an equal summary and written as JSON.
func FuzzDecodeFrame(f *testing.F) {
	m := newMaker(f, 8)
	m.rows = 2
	for _, s := range []*Summary{minimal(), sample(), m.summary(), m.summary(), m.summary()} {
		frame := frameOf(f, s, DefaultFrameSize)
		h, err := ParseHeader(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame[HeaderSize : HeaderSize+h.PayloadSize])
		f.Add(frame[:HeaderSize+h.PayloadSize])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		checkDecode(t, wrap(data))
		if h, err := ParseHeader(data); err == nil && len(data) < h.FrameSize {
			data = append(bytes.Clone(data), make([]byte, h.FrameSize-len(data))...)
		}
		checkDecode(t, data)
	})
}

func checkDecode(t *testing.T, frame []byte) {
	before := allocated()
	s, err := DecodeFrame(frame)
	if used := allocated() - before; used > maxGrowth*uint64(len(frame))+4<<20 { // others allocate too
		t.Fatalf("%d bytes allocated for a frame of %d", used, len(frame))
	}
	if err != nil {
		if !isFrameError(err) || s != nil {
			t.Fatalf("undocumented error: %v", err)
		}
		return
	}
	size := min(len(frame)+FrameSizeUnit, MaxFrameSize) // what was left out may cost a few bytes
	again, err := AppendFrame(nil, s, size)
	if err != nil {
		t.Fatalf("accepted and not encoded: %v", err)
	}
	twin, err := DecodeFrame(again)
	if err != nil || !reflect.DeepEqual(s, twin) {
		t.Fatalf("not the same again: %v", err)
	}
	once, err := AppendFrame(nil, twin, size)
	if err != nil || !bytes.Equal(again, once) {
		t.Fatalf("equal summaries, different frames: %v", err)
	}
	if _, err := AppendJSON(nil, s, len(frame), 0); err != nil {
		t.Fatalf("accepted and not written as JSON: %v", err)
	}
}
