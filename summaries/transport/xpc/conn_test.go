package xpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"summarizer/summaries"
	"summarizer/summaries/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testFrame = 16 << 10

// wire is one direction of a connection: what libxpc does with messages.
type wire struct {
	t        testing.TB
	to       *conn
	messages chan []byte
	done     chan struct{}
	once     sync.Once

	mu       sync.Mutex
	inFlight int
	sizes    []int // of all messages
}

// send implements link.
func (w *wire) send(b []byte, sent func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inFlight++; w.inFlight > 1 {
		w.t.Errorf("%d messages are in flight", w.inFlight)
	}
	w.sizes = append(w.sizes, len(b))
	message := bytes.Clone(b)
	go func() {
		select {
		case w.messages <- message:
			w.mu.Lock()
			w.inFlight--
			w.mu.Unlock()
			sent()
		case <-w.done:
		}
	}()
}

// cancel implements link: the other end hears of it.
func (w *wire) cancel() {
	w.once.Do(func() {
		close(w.done)
		go w.to.end()
	})
}

// carry hands over messages until the connection ends.
func (w *wire) carry() {
	for {
		select {
		case m := <-w.messages:
			w.to.received(m)
		case <-w.done:
			return
		}
	}
}

// connect makes both ends of a connection.
func connect(t testing.TB) (a, b *conn, wires [2]*wire) {
	for i := range wires {
		wires[i] = &wire{t: t, messages: make(chan []byte), done: make(chan struct{})}
	}
	a, b = newConn("test", testFrame, wires[0]), newConn("test", testFrame, wires[1])
	wires[0].to, wires[1].to = b, a
	for _, w := range wires {
		go w.carry()
	}
	a.start()
	b.start()
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b, wires
}

// TestStream: bytes arrive in order, however they are written and read.
func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, wires := connect(t)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		rng := rand.New(rand.NewPCG(seed, 1))
		var want []byte
		var writes int
		go func() {
			for range 200 {
				chunk := make([]byte, 1+rng.IntN(testFrame/8))
				for i := range chunk {
					chunk[i] = byte(rng.Uint32())
				}
				want = append(want, chunk...)
				writes++
				if _, err := a.Write(chunk); err != nil {
					t.Error(err)
				}
				synctest.Wait() // the reader takes it: who waits for an answer is never ahead
			}
			a.Close()
		}()
		var got bytes.Buffer
		buf := make([]byte, 777)
		_, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{b}, buf)
		if err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%d bytes of %d arrived: %v", got.Len(), len(want), err)
		}
		if len(wires[0].sizes) != writes {
			t.Errorf("%d messages of %d writes", len(wires[0].sizes), writes)
		}
	})
}

// TestSenderAndReceiver run over it unchanged: each frame and each acknowledgement is one
// message, and a host that comes back gets what it has not acknowledged.
func TestSenderAndReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newListener("test")
		sender, err := transport.NewSender(transport.SenderConfig{FrameSize: testFrame})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() {
			if err := sender.Serve(ctx, service); err != nil {
				t.Error(err)
			}
		})
		var all [][2]*wire
		var taken []uint64
		receiver := transport.NewReceiver(transport.ReceiverConfig{
			Dial: func(context.Context) (net.Conn, error) {
				agent, host, wires := connect(t)
				all = append(all, wires)
				service.offer(agent)
				return host, nil
			},
			Handle: func(s *summaries.Summary, _ []byte) error {
				if len(taken) == 2 && len(all) == 1 {
					return errors.New("not now")
				}
				taken = append(taken, s.Seq)
				return nil
			},
		})
		running.Go(func() { _ = receiver.Run(ctx) })
		for seq := range uint64(4) {
			if err := sender.Deliver(tile(seq + 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if err := sender.Drain(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		running.Wait()
		if len(taken) != 4 || taken[3] != 4 || len(all) != 2 {
			t.Errorf("took %v over %d connections", taken, len(all))
		}
		for _, wires := range all {
			checkSizes(t, wires[0], testFrame)
			checkSizes(t, wires[1], transport.AckSize)
		}
	})
}

func tile(seq uint64) *summaries.Summary {
	hop := int64(10 * time.Second)
	return &summaries.Summary{
		FirstSeq: seq, Seq: seq, Machine: summaries.Machine{ID: "m", Boot: "b"},
		Window: summaries.Window{Start: int64(seq) * hop, End: int64(seq+1) * hop, Hop: hop, Tile: true, Merged: 1},
	}
}

func checkSizes(t *testing.T, w *wire, want int) {
	t.Helper()
	for _, n := range w.sizes {
		if n != want {
			t.Errorf("a message of %d bytes, want %d", n, want)
		}
	}
	if addr := w.to.RemoteAddr(); addr.Network() != "xpc" || addr.String() != "test" || w.to.LocalAddr() != addr {
		t.Errorf("address %v", addr)
	}
}

// TestFloodIsCut: a peer that sends more than a frame which nobody reads, or nothing, loses the
// connection; what it sent took no more memory than that.
func TestFloodIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, messages := range map[string][]int{"large": {testFrame + 1}, "many": {testFrame, testFrame, 1}, "empty": {0}} {
			a, b, _ := connect(t)
			for _, n := range messages {
				b.received(make([]byte, n))
				synctest.Wait()
			}
			select {
			case <-b.gone:
			default:
				t.Errorf("%s: it is still connected", name)
			}
			if cap(b.waiting) > 2*testFrame {
				t.Errorf("%s: it takes %d bytes", name, cap(b.waiting))
			}
			synctest.Wait()
			if _, err := a.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("%s: the other end writes with %v", name, err)
			}
		}
	})
}

// TestNoEmptyRead: what came while the user was being handed what came before it, and was taken
// with it, is no read of nothing afterwards.
func TestNoEmptyRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConn("test", testFrame, stuck{})
		c.start()
		c.received([]byte("a"))
		synctest.Wait() // it waits in the pipe
		c.mu.Lock()
		c.waiting = append(c.waiting, 'b') // by received, which has not said so yet
		c.mu.Unlock()
		c.wake <- struct{}{}
		buf := make([]byte, 8)
		for _, want := range []string{"a", "b"} {
			if n, err := c.Read(buf); err != nil || string(buf[:n]) != want {
				t.Fatalf("read %q: %v", buf[:n], err)
			}
		}
		c.wake <- struct{}{} // now it has
		synctest.Wait()
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read %d bytes, error %v", n, err)
		}
		c.Close()
		c.pumps.Wait()
	})
}

// stuck is a link on which nothing is ever handed over.
type stuck struct{}

func (stuck) send([]byte, func()) {}
func (stuck) cancel()             {}

// TestStuck: while a message is not handed over, the next one waits until its deadline; closing
// ends it all.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConn("test", testFrame, stuck{})
		c.start()
		if _, err := c.Write(make([]byte, testFrame)); err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("writing: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("reading: %v", err)
		}
		c.Close()
		c.Close()
		c.pumps.Wait()
	})
}
