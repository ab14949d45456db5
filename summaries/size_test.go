package summaries

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "summarizer/summaries/internal/summarypb"
)

// sizes adds up what fitting adds up, and counts the rows above the paths.
func sizes(s *Summary) (size, rows int) {
	size = headerSize(s)
	paths := func(list []Path) {
		var prev []byte
		for i := range list {
			size += pathSize(&list[i], prev, s.Window.Start)
			prev = list[i].Path
		}
	}
	for i := range s.Origins {
		o := &s.Origins[i]
		size += originSize(o)
		rows++
		paths(o.Other.Paths)
		for j := range o.Programs {
			p := &o.Programs[j]
			size += programSize(p)
			rows++
			paths(p.Other.Paths)
			for k := range p.Processes {
				size += processSize(&p.Processes[k])
				rows++
				paths(p.Processes[k].Paths)
			}
		}
	}
	return size, rows
}

// The sizes of the parts are an upper bound of the whole and close to it.
func TestSizesBoundThePayload(t *testing.T) {
	m := newMaker(t, 3)
	check := func(s *Summary) {
		t.Helper()
		payload := proto.Size(encodeSummary(s))
		size, rows := sizes(s)
		// Per row: two lengths (its own and its other's) of 1 byte instead of 3, two
		// times of at least 1 byte instead of 10.
		if over := size - payload; over < 0 || over > rows*(2+2+9+9) {
			t.Fatalf("sizes add up to %d, the payload has %d and %d rows", size, payload, rows)
		}
	}
	for range 1000 {
		m.rows = 1 + m.IntN(5)
		check(m.summary())
	}
	check(minimal())
	check(widest())
}

// With times in their window and rows as they are, the bound is within 2 % and 16 bytes a row.
func TestSizesAreTight(t *testing.T) {
	m := newMaker(t, 4)
	m.rows = 6
	for range 200 {
		s := m.summary()
		if m.wild {
			continue
		}
		payload := proto.Size(encodeSummary(s))
		if size, rows := sizes(s); size-payload > payload/50+16*rows {
			t.Fatalf("sizes add up to %d, the payload has %d and %d rows", size, payload, rows)
		}
	}
}

// Where every length is as long as it is taken to be, and no time is known, the bound is exact.
func TestSizesOfLongListsAreExact(t *testing.T) {
	var rows []Path
	for i := range 3000 {
		path := fmt.Appendf(nil, "/directory/%04d", i)
		rows = append(rows, Path{Path: path, PathLen: len(path), Events: 1, Kinds: Kinds{1}})
	}
	other := Other{Paths: rows}
	program := Program{Other: other, Processes: []Process{{Paths: rows}, {PID: 1, Paths: rows}}}
	s := &Summary{Origins: []Origin{{Other: other, Programs: []Program{program, program}}, {Other: other}}}
	payload := proto.Size(encodeSummary(s))
	if size, _ := sizes(s); size != payload {
		t.Errorf("sizes add up to %d, the payload has %d", size, payload)
	}
}

func TestPathSizeIsExact(t *testing.T) {
	m := newMaker(t, 5)
	var prev []byte
	for range 20_000 {
		m.wild = m.flip()
		m.start = m.time()
		p := m.pathRow()
		var wire pb.Path
		encodePath(&wire, &p, prev, m.start)
		n := proto.Size(&wire)
		if got, want := pathSize(&p, prev, m.start), 1+protowire.SizeBytes(n); got != want {
			t.Fatalf("%d bytes, want %d: %+v", got, want, &p)
		}
		prev = p.Path
	}
	if n := testing.AllocsPerRun(100, func() { p := Path{Path: prev}; pathSize(&p, prev, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPathSize(b *testing.B) {
	prev := []byte("/Users/someone/Library/Application Support/Program/Cache/0123456789.data")
	p := Path{Path: []byte("/Users/someone/Library/Application Support/Program/Cache/0123456790.data"), Events: 1234, MissedMax: 3, First: 1 << 60, Last: 1<<60 + 1e9}
	p.PathLen = len(p.Path)
	p.Kinds[1] = 1234
	for b.Loop() {
		pathSize(&p, prev, 1<<60-5e9)
	}
}

func BenchmarkProcessSize(b *testing.B) {
	p := Process{PID: 4211, Events: 1234, First: 1 << 60, Last: 1<<60 + 1e9}
	for b.Loop() {
		processSize(&p)
	}
}
