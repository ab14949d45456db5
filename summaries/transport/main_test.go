package transport

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// Some tests need a host that is a process of its own: the test binary runs itself with
// this variable set to the path of the socket.
const helperVariable = "SUMMARIZER_TRANSPORT_SOCKET"

func TestMain(m *testing.M) {
	if path := os.Getenv(helperVariable); path != "" {
		if err := helper(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// helper connects, says that it keeps history, and prints the number of the first frame.
func helper(path string) error {
	c, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write(ack{Keep, 0}.append(nil)); err != nil {
		return err
	}
	frame, err := summaries.ReadFrame(c, nil)
	if err != nil {
		return err
	}
	s, err := summaries.DecodeFrame(frame)
	if err != nil {
		return err
	}
	fmt.Println("got", s.Seq)
	_, err = c.Write(ack{Keep, s.Seq}.append(nil))
	return err
}

// shortDir is a directory for sockets that other users can reach.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "t") //nolint:usetesting // on macOS that of the test is too long for a socket
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// numbers makes summaries with the numbers that an agent gives them.
type numbers struct{ seq, tile uint64 }

const testFrame = summaries.MinFrameSize

func (n *numbers) makeTile(events uint64) *summaries.Summary {
	n.seq++
	s := summary(n.tile+1, n.seq, events)
	s.Window.Tile = true
	n.tile = n.seq
	return s
}

func (n *numbers) makeRefresh(events uint64) *summaries.Summary {
	n.seq++
	return summary(n.seq, n.seq, events)
}

// summary is a small valid one.
func summary(first, seq, events uint64) *summaries.Summary {
	var k summaries.Kinds
	k[esbridge.Write] = events
	start := int64(seq) * int64(time.Second)
	s := &summaries.Summary{
		Machine:  summaries.Machine{ID: "m", Boot: "b/00000001", Hostname: "h", OS: "os", Source: "test"},
		Window:   summaries.Window{Start: start, End: start + int64(time.Second), Hop: int64(time.Second), Merged: 1},
		FirstSeq: first, Seq: seq, Events: events, Kinds: k,
		Ledger: summaries.Ledger{Received: events, Folded: events},
		Limits: summaries.DefaultLimits,
	}
	if events > 0 {
		s.Origins = []summaries.Origin{{Name: "o", Events: events, Kinds: k, Other: summaries.Other{
			Members: 1, Events: events, Kinds: k,
			Paths: []summaries.Path{{Path: []byte("/"), PathLen: 1, Directory: true, Events: events, Folded: 1, Kinds: k}},
		}}}
	}
	return s
}

// seqOf is the number of a frame that was read off a connection, 0 for none that is valid.
func seqOf(t testing.TB, frame []byte) uint64 {
	t.Helper()
	s, err := summaries.DecodeFrame(frame)
	if err != nil {
		t.Errorf("frame that is none: %v", err)
		return 0
	}
	return s.Seq
}

// host is a host that does what a test says.
type host struct {
	net.Conn
	t    testing.TB
	mode Mode
}

func (h *host) ack(seq uint64) {
	h.t.Helper()
	if _, err := h.Write(ack{h.mode, seq}.append(nil)); err != nil {
		h.t.Errorf("acknowledging %d: %v", seq, err)
	}
}

// frame reads one frame.
func (h *host) frame() *summaries.Summary {
	h.t.Helper()
	s, err := summaries.DecodeFrame(h.bytes())
	if err != nil {
		h.t.Fatalf("reading a frame: %v", err)
	}
	return s
}

// bytes reads the bytes of one frame.
func (h *host) bytes() []byte {
	h.t.Helper()
	h.SetReadDeadline(time.Now().Add(time.Minute))
	frame, err := summaries.ReadFrame(h, nil)
	if err != nil {
		h.t.Fatalf("reading a frame: %v", err)
	}
	return frame
}

// expect reads one frame, which must have this range, and acknowledges it.
func (h *host) expect(first, last uint64) *summaries.Summary {
	h.t.Helper()
	s := h.frame()
	if s.FirstSeq != first || s.Seq != last {
		h.t.Fatalf("got frame %d–%d, want %d–%d", s.FirstSeq, s.Seq, first, last)
	}
	h.ack(s.Seq)
	return s
}

// silence fails if anything comes. The time must be that of a bubble.
func (h *host) silence() {
	h.t.Helper()
	h.SetReadDeadline(time.Now().Add(time.Second))
	if n, err := h.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		h.t.Errorf("got %d bytes and %v, want silence", n, err)
	}
}

// closed fails unless the agent closes the connection within the given time.
func (h *host) closed(within time.Duration) {
	h.t.Helper()
	h.SetReadDeadline(time.Now().Add(within + time.Millisecond))
	if n, err := io.Copy(io.Discard, h); errors.Is(err, os.ErrDeadlineExceeded) {
		h.t.Errorf("got %d bytes and %v, want the end", n, err)
	}
}

// ended are the endings that a test expects, by reason.
type ended map[Reason]uint64

// checkStats compares endings, and that every connection is accounted for. All must have
// ended or be on a list.
func checkStats(t testing.TB, st SenderStats, want ended) {
	t.Helper()
	var sum uint64
	for why, n := range st.Ended {
		sum += n
		if n != want[Reason(why)] {
			t.Errorf("%d ended as %v, want %d", n, Reason(why), want[Reason(why)])
		}
	}
	open := uint64(st.Watchers + st.Strangers)
	if st.Keeper {
		open++
	}
	if st.Accepted != sum+open {
		t.Errorf("%d accepted, %d ended and %d open", st.Accepted, sum, open)
	}
}

// futureAck is one of a version that does not exist, with its right checksum.
func futureAck() []byte {
	b := ack{Keep, 1}.append(nil)
	binary.LittleEndian.PutUint16(b[4:], ackVersion+1)
	binary.LittleEndian.PutUint32(b[16:], crc32.Checksum(b[:16], castagnoli))
	return b
}

// hostileBytes are bytes that look like what they are not.
func hostileBytes() map[string][]byte {
	good := ack{Keep, 1}.append(nil)
	flipped := append([]byte(nil), good...)
	flipped[9] ^= 1
	return map[string][]byte{
		"http":     []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		"zeros":    make([]byte, 64),
		"checksum": flipped,
		"version":  futureAck(),
		"mode":     ack{7, 1}.append(nil),
		"frame":    append([]byte("ESUM\x01\x00\x10\x00"), make([]byte, 32)...),
	}
}
