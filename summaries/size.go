package summaries

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "summarizer/summaries/internal/summarypb"
)

// The sizes below are what an element adds to the payload of a frame, in bytes: itself, its
// tag and length, and how much longer the lengths of its parents become at most. The sum
// over all elements of a summary is never less than the payload. It is more by what is not
// known of an element alone: the final length of its length (at most 2 bytes each) and, in
// the rows above the paths, the distance of `first` from the window's start (about 5).

// longPrefix is the longest length prefix within a payload: that of MaxFrameSize.
const longPrefix = 3

// longTime stands for a time that is not known yet: no other takes more bytes.
const longTime = math.MinInt64

// headerSize is the size of s without its origins.
func headerSize(s *Summary) int { return proto.Size(encodeHead(s)) }

// originSize is the size of o without its programs and other paths.
func originSize(o *Origin) int {
	m := encodeOriginHead(o, 0)
	return protowire.SizeTag(18) + longPrefix + otherGrowth(m.Other) + proto.Size(m)
}

// programSize is the size of p without its processes and other paths.
func programSize(p *Program) int {
	m := encodeProgramHead(p, 0)
	return 1 + longPrefix + otherGrowth(m.Other) + proto.Size(m)
}

// processSize is the size of p without its paths.
func processSize(p *Process) int {
	m := encodeProcessHead(p, 0)
	if m.First != nil {
		*m.First = longTime
	}
	return 1 + longPrefix + proto.Size(m)
}

// otherGrowth makes room in m for an unknown time and returns how much longer the length of
// m becomes when paths are added.
func otherGrowth(m *pb.Other) int {
	if m == nil {
		return 0
	}
	if m.First != nil {
		*m.First = longTime
	}
	return longPrefix - 1
}

// pathSize is the exact size of p in the list of its owner behind a row of path prev. It
// does by hand what proto.Size(encodePath) does, for fitting asks it of every row.
func pathSize(p *Path, prev []byte, windowStart int64) int {
	shared := sharedPrefix(prev, p.Path)
	n := uintSize(uint64(shared)) + bytesSize(len(p.Path)-shared) + uintSize(uint64(p.PathLen-len(p.Path))) +
		uintSize(p.Events) + uintSize(p.MissedMax) + uintSize(p.Folded) + kindsSize(&p.Kinds) + intSize(p.Last-p.First)
	if p.Directory {
		n += 2
	}
	if p.First != 0 {
		n += 1 + protowire.SizeVarint(protowire.EncodeZigZag(p.First-windowStart))
	}
	if p.HasBytes {
		n += 1 + protowire.SizeVarint(p.Bytes)
	}
	if p.HasSize {
		n += 1 + protowire.SizeVarint(protowire.EncodeZigZag(p.SizeFirst)) + intSize(p.SizeLast-p.SizeFirst)
	}
	return 1 + protowire.SizeBytes(n)
}

// uintSize is the size of a uint field with a tag of one byte, which is left out where it is 0.
func uintSize(v uint64) int {
	if v == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(v)
}

// intSize is uintSize of a sint64 field.
func intSize(v int64) int { return uintSize(protowire.EncodeZigZag(v)) }

// bytesSize is the size of a bytes field of n bytes, which is left out where there are none.
func bytesSize(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + protowire.SizeBytes(n)
}

// kindsSize is the size of a packed field with zeros at its end cut.
func kindsSize(k *Kinds) int {
	n := 0
	for _, c := range trimZeros(k[:]) {
		n += protowire.SizeVarint(c)
	}
	return bytesSize(n)
}
