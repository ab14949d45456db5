package summaries

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime/metrics"
	"slices"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "summarizer/summaries/internal/summarypb"
)

func frameOf(t testing.TB, s *Summary, size int) []byte {
	t.Helper()
	frame, err := AppendFrame(nil, s, size)
	if err != nil {
		t.Fatal(err)
	}
	if len(frame) != size {
		t.Fatalf("frame of %d bytes, want %d", len(frame), size)
	}
	return frame
}

// wrap puts a payload, whatever it is, into the smallest frame, with the right checksum.
func wrap(payload []byte) []byte {
	payload = payload[:min(len(payload), MaxFrameSize-HeaderSize)]
	size := max(MinFrameSize, (HeaderSize+len(payload)+FrameSizeUnit-1)/FrameSizeUnit*FrameSizeUnit)
	frame := make([]byte, size)
	copy(frame[HeaderSize:], payload)
	putHeader(frame, size, payload)
	return frame
}

func wrapMessage(t testing.TB, m proto.Message) []byte {
	t.Helper()
	payload, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return wrap(payload)
}

func isFrameError(err error) bool {
	for _, sentinel := range []error{ErrMagic, ErrVersion, ErrLength, ErrChecksum, ErrPadding, ErrPayload} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

func TestFrameLayout(t *testing.T) {
	frame := frameOf(t, sample(), 32<<10)
	payload := proto.Size(encodeSummary(sample()))
	if string(frame[:4]) != "ESUM" || binary.LittleEndian.Uint16(frame[4:]) != 1 ||
		binary.LittleEndian.Uint16(frame[6:]) != 32 || int(binary.LittleEndian.Uint32(frame[8:])) != payload {
		t.Errorf("header %x", frame[:HeaderSize])
	}
	h, err := ParseHeader(frame)
	if err != nil || h.FrameSize != 32<<10 || h.PayloadSize != payload {
		t.Errorf("%+v, %v", h, err)
	}
	if i := bytes.IndexFunc(frame[HeaderSize+payload:], func(r rune) bool { return r != 0 }); i >= 0 {
		t.Errorf("byte %d of the padding is not zero", i)
	}
	m := new(pb.Summary)
	if err := proto.Unmarshal(frame[HeaderSize:HeaderSize+payload], m); err != nil || m.GetEvents() != 100 {
		t.Errorf("payload: %v", err)
	}
}

func TestDamagedFrames(t *testing.T) {
	good := frameOf(t, sample(), MinFrameSize)
	payload := int(binary.LittleEndian.Uint32(good[8:]))
	for _, c := range []struct {
		what   string
		damage func([]byte) []byte
		want   error
	}{
		{"magic", func(b []byte) []byte { b[0] ^= 1; return b }, ErrMagic},
		{"version", func(b []byte) []byte { b[4] = 2; return b }, ErrVersion},
		{"frame size 0", func(b []byte) []byte { b[6], b[7] = 0, 0; return b }, ErrLength},
		{"frame size too small", func(b []byte) []byte { b[6] = 15; return b }, ErrLength},
		{"frame size too large", func(b []byte) []byte { b[6], b[7] = 0xff, 0xff; return b }, ErrLength},
		{"other frame size", func(b []byte) []byte { b[6] = 17; return b }, ErrLength},
		{"payload longer than the frame", func(b []byte) []byte { binary.LittleEndian.PutUint32(b[8:], MinFrameSize-HeaderSize+1); return b }, ErrLength},
		{"payload of 4 GiB", func(b []byte) []byte { binary.LittleEndian.PutUint32(b[8:], 1<<32-1); return b }, ErrLength},
		{"shorter payload", func(b []byte) []byte { b[8]--; return b }, ErrChecksum},
		{"longer payload", func(b []byte) []byte { b[8]++; return b }, ErrChecksum},
		{"checksum", func(b []byte) []byte { b[12] ^= 1; return b }, ErrChecksum},
		{"first byte of the payload", func(b []byte) []byte { b[HeaderSize] ^= 0x80; return b }, ErrChecksum},
		{"last byte of the payload", func(b []byte) []byte { b[HeaderSize+payload-1] ^= 1; return b }, ErrChecksum},
		{"first byte of the padding", func(b []byte) []byte { b[HeaderSize+payload] = 1; return b }, ErrPadding},
		{"last byte of the padding", func(b []byte) []byte { b[len(b)-1] = 1; return b }, ErrPadding},
		{"nothing", func([]byte) []byte { return nil }, ErrLength},
		{"half a header", func(b []byte) []byte { return b[:HeaderSize-1] }, ErrLength},
		{"a header", func(b []byte) []byte { return b[:HeaderSize] }, ErrLength},
		{"a byte less", func(b []byte) []byte { return b[:len(b)-1] }, ErrLength},
		{"a byte more", func(b []byte) []byte { return append(b, 0) }, ErrLength},
		{"a payload of noise", func([]byte) []byte { return wrap([]byte("\xff\xff\xff\xff")) }, ErrPayload},
		{"a payload of nothing", func([]byte) []byte { return wrap(nil) }, ErrPayload},
	} {
		s, err := DecodeFrame(c.damage(bytes.Clone(good)))
		if !errors.Is(err, c.want) || s != nil {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

// Any single byte that changed is found, wherever it is.
func TestEveryDamagedByteIsFound(t *testing.T) {
	good := frameOf(t, sample(), MinFrameSize)
	for i := range good {
		good[i] ^= 0x10
		if _, err := DecodeFrame(good); !isFrameError(err) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		good[i] ^= 0x10
	}
}

// Fields of a later release do not make a frame unreadable.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	payload, err := proto.Marshal(encodeSummary(sample()))
	if err != nil {
		t.Fatal(err)
	}
	later := append(payload, 0xc2, 0x3e, 3, 'n', 'e', 'w') // field 1000, bytes
	got, err := DecodeFrame(wrap(later))
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Every hostile payload costs memory in proportion to its length.
func TestDecodingAllocatesInProportion(t *testing.T) {
	for what, payload := range map[string][]byte{
		"origins":             fullOf(nil, 18),
		"programs":            fullOf(nil, 18, 6),
		"processes":           fullOf(nil, 18, 6, 13),
		"paths":               fullOf(nil, 18, 6, 13, 14),
		"mute rules":          fullOf(nil, 15),
		"findings":            fullOf(nil, 16),
		"one event origins":   fullOf([]byte{2 << 3, 1}, 18),
		"one event programs":  fullOf([]byte{8 << 3, 1}, 18, 6),
		"one event processes": fullOf([]byte{6 << 3, 1}, 18, 6, 13),
		"shared paths":        sharedPaths(t),
	} {
		before := allocated()
		_, err := DecodeFrame(wrap(payload))
		if used := allocated() - before; used > maxGrowth*uint64(len(payload)) {
			t.Errorf("%s: %d bytes for a payload of %d (%v)", what, used, len(payload), err)
		} else {
			t.Logf("%s: %d bytes for each of the payload's", what, used/uint64(len(payload)))
		}
	}
}

// fullOf is a payload full of equal messages, each within one of every other field.
// Whatever is above them has an event.
func fullOf(message []byte, fields ...protowire.Number) []byte {
	last := len(fields) - 1
	b := protowire.AppendBytes(protowire.AppendTag(nil, fields[last], protowire.BytesType), message)
	b = bytes.Repeat(b, (hostileSize-100)/len(b))
	events := map[protowire.Number]byte{18: 2 << 3, 6: 8 << 3, 13: 6 << 3}
	for _, field := range slices.Backward(fields[:last]) {
		b = append(b, events[field], 1)
		b = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), b)
	}
	head, err := proto.Marshal(encodeSummary(minimal()))
	if err != nil {
		panic(err)
	}
	return append(head, b...)
}

// hostileSize is the size of the payloads made to cost memory, in bytes.
const hostileSize = 256 << 10

// maxGrowth is how many bytes decoding may allocate for a byte of payload.
const maxGrowth = 256

// sharedPaths is the payload whose paths unpack to most: each adds a byte to a long prefix.
func sharedPaths(t *testing.T) []byte {
	s := minimal()
	p := Process{Events: 1, Kinds: Kinds{1}}
	prefix := append([]byte("/"), bytes.Repeat([]byte{'a'}, maxShared-1)...)
	for i := range 15_000 {
		path := append(bytes.Clone(prefix), byte(1+i/250), byte(1+i%250), 'x')
		p.Paths = append(p.Paths, Path{Path: path, PathLen: len(path)})
	}
	p.Paths[0].Events, p.Paths[0].Kinds = 1, p.Kinds
	g := Program{Events: 1, Kinds: p.Kinds, Processes: []Process{p}}
	s.Origins = []Origin{{Events: 1, Kinds: p.Kinds, Programs: []Program{g}}}
	s.Events, s.Kinds = 1, p.Kinds
	frame := frameOf(t, s, MaxFrameSize)
	if _, err := DecodeFrame(frame); err != nil {
		t.Fatal(err)
	}
	h, _ := ParseHeader(frame)
	return frame[HeaderSize : HeaderSize+h.PayloadSize]
}

// allocated is how many bytes were ever allocated, to within some KiB.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// What is not a frame costs no memory but that of the error.
func TestRefusedFramesAllocateNothing(t *testing.T) {
	frame := frameOf(t, sample(), MaxFrameSize)
	frame[HeaderSize] ^= 1
	if n := testing.AllocsPerRun(10, func() { _, _ = DecodeFrame(frame) }); n > 16 { // the error and what it says
		t.Errorf("%v allocations", n)
	}
}

func TestReadFrame(t *testing.T) {
	small, large := frameOf(t, sample(), MinFrameSize), frameOf(t, minimal(), 200<<10)
	r := iotest.HalfReader(bytes.NewReader(append(bytes.Clone(small), large...)))
	frame, err := ReadFrame(r, nil)
	if err != nil || !bytes.Equal(frame, small) {
		t.Fatalf("%d bytes, %v", len(frame), err)
	}
	if frame, err = ReadFrame(r, frame); err != nil || !bytes.Equal(frame, large) {
		t.Fatalf("%d bytes, %v", len(frame), err)
	}
	if _, err = ReadFrame(r, frame); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	for n := 1; n < len(large); n += 1 + rand.IntN(5000) {
		_, err := ReadFrame(bytes.NewReader(large[:n]), nil)
		if !errors.Is(err, ErrLength) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of a frame: %v", n, err)
		}
	}
	if _, err := ReadFrame(bytes.NewReader(large[:readStep]), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a whole step of a frame: %v", err)
	}
	broken := errors.New("broken")
	if _, err := ReadFrame(iotest.ErrReader(broken), nil); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// A header alone, whatever size it claims, makes no room for that size.
func TestReadFrameTrustsBytesNotHeaders(t *testing.T) {
	frame := frameOf(t, minimal(), MaxFrameSize)
	before := allocated()
	for range 100 {
		_, _ = ReadFrame(bytes.NewReader(frame[:HeaderSize]), nil)
	}
	if used := (allocated() - before) / 100; used > 4*readStep {
		t.Errorf("%d bytes allocated for a header", used)
	}
}
