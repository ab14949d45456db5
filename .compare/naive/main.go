// Naive draws what the README begins with: a client that sends one message per event to its
// host, beside one that folds. Both get the same flood, at rising rates, for the same time,
// and a host at the other end of a Unix socket that decodes what it gets.
//
//	go run ./naive [-seconds 4] [-o ../docs/naive.svg]
//
// The naive client does what a client over XPC does: a message is encoded, and waits in a
// queue without an end until the host has taken those before it. Memory is the most that the
// heap of the process grew by, messages are what the host got or what still waits for it.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// The names of the clients.
const (
	naiveName = "one message per event"
	foldName  = "summarizer"
)

// rates are events a second.
var rates = []float64{1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6}

// outcome is what one client did at one rate.
type outcome struct {
	rate     float64 // events a second, as they really came
	memory   float64 // MiB
	messages float64 // a second
}

// client folds or forwards events at a rate until the time is over. It returns how many
// events it took and how many messages it made of them.
type client func(rate float64, length time.Duration) (events, messages uint64, err error)

func main() {
	seconds := flag.Float64("seconds", 4, "that each rate lasts")
	output := flag.String("o", "../docs/naive.svg", "SVG to write")
	flag.Parse()
	length := time.Duration(*seconds * float64(time.Second))
	lines := map[string][]outcome{}
	for _, c := range []struct {
		name string
		run  client
	}{{"one message per event", forward}, {"summarizer", fold}} {
		for _, rate := range rates {
			o, err := measure(c.run, rate, length)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Printf("%-22s %9.0f events/s  %8.1f MiB  %9.1f messages/s\n", c.name, o.rate, o.memory, o.messages)
			lines[c.name] = append(lines[c.name], o)
		}
	}
	if err := draws(lines, *seconds, *output); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// measure runs a client and watches the heap meanwhile.
func measure(run client, rate float64, length time.Duration) (outcome, error) {
	debug.FreeOSMemory()
	before := heap()
	most := before
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-stop:
				return
			}
		}
	}()
	events, messages, err := run(rate, length)
	close(stop)
	<-stopped
	return outcome{
		rate: float64(events) / length.Seconds(), memory: float64(most-before) / (1 << 20), messages: float64(messages) / length.Seconds(),
	}, err
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
