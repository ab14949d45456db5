package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"summarizer/aggregator"
	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

// flood is the attack: 100 threads in each of ten processes write one byte after the other
// to a few files. It hands over batches at a rate until the time is over.
func flood(rate float64, length time.Duration, deliver func([]esbridge.Event)) (events uint64) {
	const step = 10 * time.Millisecond
	var processes [10]esbridge.Process
	for i := range processes {
		processes[i] = esbridge.Process{PID: int32(100 + i), Start: 1, Executable: []byte("/private/tmp/.cache/evil"), Origin: []byte("unsigned")}
	}
	var paths [16][]byte
	for i := range paths {
		paths[i] = []byte("/private/tmp/flood/of/many/threads/file-" + strconv.Itoa(i))
	}
	batch := make([]esbridge.Event, 0, int(rate*step.Seconds())+1)
	begin := time.Now()
	for {
		passed := time.Since(begin)
		if passed >= length {
			return events
		}
		due := uint64(rate * passed.Seconds())
		at := time.Now().UnixNano()
		for batch = batch[:0]; events < due && len(batch) < cap(batch); events++ {
			batch = append(batch, esbridge.Event{
				Process: &processes[events%10], Kind: esbridge.Write, Path: paths[events%16],
				Count: 1, First: at, Last: at, Arrival: at,
			})
		}
		deliver(batch)
		if events >= due {
			time.Sleep(step - time.Since(begin)%step)
		}
	}
}

// message is an event as the naive client sends it.
type message struct {
	Event, Executable, Path string
	PID                     int32
	Time                    int64
}

// forward sends one message per event.
func forward(rate float64, length time.Duration) (events, messages uint64, err error) {
	l, dial, remove, err := socket()
	if err != nil {
		return 0, 0, err
	}
	defer remove()
	taken := make(chan error, 1)
	go func() { taken <- host(l) }()
	c, err := dial(context.Background())
	if err != nil {
		return 0, 0, err
	}
	q := &queue{wake: make(chan struct{}, 1)}
	sent := make(chan error, 1)
	stop := make(chan struct{})
	go func() { sent <- q.send(c, stop) }()
	events = flood(rate, length, func(batch []esbridge.Event) {
		for i := range batch {
			e := &batch[i]
			b, err := json.Marshal(message{"write", string(e.Process.Executable), string(e.Path), e.Process.PID, e.First})
			if err != nil {
				panic(err)
			}
			q.put(b)
		}
	})
	messages = q.count.Load()
	close(stop)
	err = errors.Join(<-sent, c.Close(), <-taken, l.Close())
	return events, messages, err
}

// queue is what waits for the host: it has no end, as that of an XPC connection has none.
type queue struct {
	mu    sync.Mutex
	list  [][]byte
	wake  chan struct{}
	count atomic.Uint64
}

func (q *queue) put(b []byte) {
	q.mu.Lock()
	q.list = append(q.list, b)
	q.mu.Unlock()
	q.count.Add(1)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// send writes each message with its length before it, until stop.
func (q *queue) send(c net.Conn, stop <-chan struct{}) error {
	for {
		q.mu.Lock()
		list := q.list
		q.list = nil
		q.mu.Unlock()
		for _, b := range list {
			select {
			case <-stop:
				return nil
			default:
			}
			if _, err := c.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)); err != nil {
				return err
			}
		}
		select {
		case <-q.wake:
		case <-stop:
			return nil
		}
	}
}

// host decodes every message.
func host(l net.Listener) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	var head [4]byte
	var body []byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return ended(err)
		}
		n := binary.LittleEndian.Uint32(head[:])
		body = append(body[:0], make([]byte, n)...)
		if _, err := io.ReadFull(in, body); err != nil {
			return ended(err)
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			return err
		}
	}
}

// ended is nil for a connection that was closed, also in the middle of a message.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// live is the flood as a source.
type live struct {
	rate   float64
	length time.Duration
	events uint64
}

func (s *live) Info() esbridge.Info { return esbridge.Info{Name: "flood", Live: true} }

func (s *live) Run(_ context.Context, deliver func(*esbridge.Batch) error) (err error) {
	s.events = flood(s.rate, s.length, func(events []esbridge.Event) {
		if err == nil {
			err = deliver(&esbridge.Batch{Events: events, Now: time.Now().UnixNano()})
		}
	})
	return err
}

// fold sends one frame a second.
func fold(rate float64, length time.Duration) (events, messages uint64, err error) {
	l, dial, remove, err := socket()
	if err != nil {
		return 0, 0, err
	}
	defer remove()
	ring := spool.Memory(spool.Config{})
	agg, err := aggregator.New(aggregator.Config{Window: time.Second})
	if err != nil {
		return 0, 0, err
	}
	sender, err := transport.NewSender(transport.SenderConfig{Ring: ring})
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	receiver := transport.NewReceiver(transport.ReceiverConfig{Dial: dial, Handle: func(*summaries.Summary, []byte) error { return nil }})
	served := make(chan error, 2)
	go func() { served <- sender.Serve(ctx, l) }()
	go func() { served <- receiver.Run(ctx) }()
	source := &live{rate: rate, length: length}
	err = agg.Run(ctx, source, sender.Deliver)
	err = errors.Join(err, sender.Drain(ctx))
	messages = sender.Stats().Sent
	cancel()
	return source.events, messages, errors.Join(err, <-served, <-served, ring.Close())
}

// socket makes a Unix socket in a directory of its own.
func socket() (l net.Listener, dial func(context.Context) (net.Conn, error), remove func(), err error) {
	dir, err := os.MkdirTemp("", "naive")
	if err != nil {
		return nil, nil, nil, err
	}
	path := filepath.Join(dir, "s")
	if l, err = net.Listen("unix", path); err != nil {
		return nil, nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	dial = func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return l, dial, func() { _ = os.RemoveAll(dir) }, nil
}
