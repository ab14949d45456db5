package summaries

import (
	"fmt"
	"testing"
)

// busy is a summary of 64 processes with 8 files each, as a frame of 64 KiB may hold it.
func busy() *Summary {
	s := &Summary{Window: Window{Start: sampleStart, End: sampleStart + 10e9, Hop: 10e9}}
	kinds := func(n uint64) Kinds { return Kinds{1: n} }
	o := Origin{Name: "user:1000"}
	for i := range 16 {
		path := fmt.Appendf(nil, "/Applications/Program %d.app/Contents/MacOS/Program", i)
		g := Program{Path: path, PathLen: len(path), CDHash: make([]byte, 20), SigningID: "com.example.program"}
		for j := range 4 {
			p := Process{PID: int32(1000 + 4*i + j), PPID: 1, EUID: 501, Start: sampleStart - 3600e9, First: sampleStart + 1e9, Last: sampleStart + 9e9}
			for k := range 8 {
				path := fmt.Appendf(nil, "/Users/someone/Library/Application Support/Program %d/Cache/%d/%08x.data", i, j, k*0x01234567)
				p.Paths = append(p.Paths, Path{Path: path, PathLen: len(path), Events: 1000, Kinds: kinds(1000), First: sampleStart + 1e9, Last: sampleStart + 9e9})
			}
			p.Events, p.Kinds = 8000, kinds(8000)
			g.Processes = append(g.Processes, p)
		}
		g.Events, g.Kinds = 32_000, kinds(32_000)
		o.Programs = append(o.Programs, g)
	}
	o.Events, o.Kinds = 512_000, kinds(512_000)
	s.Origins, s.Events, s.Kinds = []Origin{o}, o.Events, o.Kinds
	return s
}

func BenchmarkAppendFrame(b *testing.B) {
	s := busy()
	frame := frameOf(b, s, DefaultFrameSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendFrame(frame[:0], s, DefaultFrameSize); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeFrame(b *testing.B) {
	frame := frameOf(b, busy(), DefaultFrameSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeFrame(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	s := busy()
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = AppendJSON(dst[:0], s, DefaultFrameSize, 0); err != nil {
			b.Fatal(err)
		}
	}
}
