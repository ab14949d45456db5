package main

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"summarizer/summaries/transport"
)

// siege is a crowd of peers that do all but what a host does, until it ends.
type siege struct {
	t       *testing.T
	socket  string
	over    chan struct{}
	running sync.WaitGroup
}

func besiege(t *testing.T, socket string) *siege {
	s := &siege{t: t, socket: socket, over: make(chan struct{})}
	for range 1000 { // connect and do nothing
		s.again(func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	}
	s.again(func(c net.Conn) { // reads a byte a second
		s.greet(c, transport.Keep)
		for b := make([]byte, 1); s.pause(time.Second); {
			if _, err := c.Read(b); err != nil {
				return
			}
		}
	})
	for _, mode := range []transport.Mode{transport.Keep, transport.Watch} {
		s.again(func(c net.Conn) { // never acknowledges
			s.greet(c, mode)
			_, _ = io.Copy(io.Discard, c)
		})
		s.again(func(c net.Conn) { // leaves in the middle of a frame
			s.greet(c, mode)
			_, _ = io.ReadFull(c, make([]byte, 1000))
		})
		s.again(func(c net.Conn) { // sends noise once it has said what it is
			s.greet(c, mode)
			s.noise(c)
		})
	}
	s.again(s.noise)
	return s
}

// again connects, does something and hangs up, again and again.
func (s *siege) again(do func(net.Conn)) {
	s.running.Go(func() {
		for s.pause(time.Duration(rand.IntN(100)) * time.Millisecond) {
			c, err := net.Dial("unix", s.socket)
			if err != nil {
				continue // its queue is full: that too is part of it
			}
			stop := make(chan struct{})
			go func() {
				select {
				case <-s.over:
				case <-stop:
				}
				c.Close()
			}()
			do(c)
			close(stop)
		}
	})
}

// greet says what the peer pretends to be, as a host would.
func (s *siege) greet(c net.Conn, mode transport.Mode) {
	b := append([]byte("EACK"), 1, 0, byte(mode), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	_, _ = c.Write(b) // whatever comes of it
}

func (s *siege) noise(c net.Conn) {
	b := make([]byte, 100)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	_, _ = c.Write(b)
	_, _ = io.Copy(io.Discard, c)
}

// pause waits, and returns false once the siege is over.
func (s *siege) pause(d time.Duration) bool {
	select {
	case <-s.over:
		return false
	case <-time.After(d):
		return true
	}
}

func (s *siege) end() {
	close(s.over)
	s.running.Wait()
}

// TestHostileHosts has all of them at once at a real agent under a flood, and one host of
// another user that may not connect: the agent folds as fast as before, takes no more memory,
// and a watcher beside them gets its windows. The host that comes at the end gets everything.
func TestHostileHosts(t *testing.T) {
	dir := shortDir(t)
	socket := filepath.Join(dir, "s")
	agent := startProcess(t, dir, "agent", "--source", "synthetic:attack-mix", "--window", "100ms", "--frame-size", "16KiB",
		"--limit-paths", "1000", "--limit-processes", "200", "--limit-programs", "50",
		"--socket", socket, "--socket-mode", "0666", "--spool", filepath.Join(dir, "spool"), "--spool-slots", "8")
	watcher, _ := join(t, socket, transport.Watch)
	const folded, resident = `summarizer_ledger_total{entry="folded"}`, "process_resident_memory_bytes"
	agent.awaitMetric("summarizer_spool_merges_total", 5) // all that ever fills is full
	pace := func(while time.Duration) (perSecond float64) {
		before, began := agent.metrics()[folded], time.Now()
		time.Sleep(while)
		return (agent.metrics()[folded] - before) / time.Since(began).Seconds()
	}
	quiet, small, seen := pace(2*time.Second), agent.metrics()[resident], len(watcher.all())

	s := besiege(t, socket)
	stranger := forbiddenHost(t, dir, socket)
	agent.awaitMetric(`summarizer_connections_ended_total{reason="crowded"}`, 2000)
	agent.awaitMetric(`summarizer_connections_ended_total{reason="malformed"}`, 3)
	besieged := pace(4 * time.Second)
	large, during := agent.metrics(), len(watcher.all())
	s.end()
	t.Logf("%.0f events a second before, %.0f under siege; %.1f MiB resident before, %.1f then", quiet, besieged, small/(1<<20), large[resident]/(1<<20))
	if besieged < quiet/2 {
		t.Errorf("%.0f events a second under siege, %.0f before", besieged, quiet)
	}
	room := 16.0 * (1 << 20)
	if raceDetector {
		room *= 4 // for what it remembers of each connection
	}
	if large[resident] > small+room {
		t.Errorf("%.0f bytes resident under siege, %.0f before", large[resident], small)
	}
	if during < seen+3 {
		t.Errorf("the watcher got %d windows under siege", during-seen)
	}
	if stranger != nil {
		agent.awaitMetric(`summarizer_connections_ended_total{reason="forbidden_user"}`, 1)
		stranger.stop()
	}

	h := take(t, socket)
	agent.awaitMetric("summarizer_frames_acknowledged_total", 8)
	agent.stop()
	checkWhole(t, h)
}

// checkWhole wants tiles without a gap from the first number on, whose books close.
func checkWhole(t *testing.T, h *taker) {
	t.Helper()
	next := uint64(1)
	for _, s := range h.all() {
		if s.FirstSeq != next || s.Ledger.Folded != s.Events {
			t.Errorf("window %d to %d of %d events, %d folded, comes after %d", s.FirstSeq, s.Seq, s.Events, s.Ledger.Folded, next-1)
		}
		next = s.Seq + 1
	}
	if next < 10 {
		t.Errorf("the host got windows up to %d only", next-1)
	}
}

// forbiddenHost is a host of a user that the agent does not let in; nil where there can be
// none.
func forbiddenHost(t *testing.T, dir, socket string) *process {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	own := filepath.Join(dir, "own")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(own, 0o755)); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, dir, "host", "--socket", socket, "--store", filepath.Join(own, "h.db"))
	asUser(t, p, stranger, dir, own)
	return p.start()
}
