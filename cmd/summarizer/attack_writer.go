package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// arenaFD is where a writer process finds the open directory that it writes in.
const arenaFD = 3

// newAttackWriter is the verb that the processes of an attack run. It is of no use by hand.
func newAttackWriter() *cobra.Command {
	return &cobra.Command{
		Use:         writerVerb + " NUMBER",
		Hidden:      true,
		Args:        cobra.ExactArgs(1),
		Annotations: map[string]string{noConfig: "true"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return serveWriter(args[0], os.Stdin, cmd.OutOrStdout())
		},
	}
}

func serveWriter(number string, stdin io.Reader, stdout io.Writer) error {
	// A terminal sends its signals to all processes of the attack; the parent decides.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
	var plan attackPlan
	dec := json.NewDecoder(stdin)
	if err := dec.Decode(&plan); err != nil {
		return usagef("%s is started by summarizer attack, not by hand", writerVerb)
	}
	if err := plan.validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), plan.Duration)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // until the parent closes it or dies
		cancel()
	}()
	w := writer{plan: &plan, number: number, counts: make([]atomic.Uint64, plan.counters())}
	report := writerReport{Writes: make([]uint64, len(w.counts))}
	if err := w.run(ctx); err != nil {
		report.Error = err.Error()
	}
	for i := range w.counts {
		report.Writes[i] = w.counts[i].Load()
	}
	return json.NewEncoder(stdout).Encode(&report)
}

// writer is one process of an attack.
type writer struct {
	plan   *attackPlan
	number string
	files  []int           // file descriptors, in mode same
	counts []atomic.Uint64 // writes that succeeded
}

// run writes from all threads until the plan is done or ctx ends.
func (w *writer) run(ctx context.Context) error {
	flood := w.distinct
	if w.plan.Mode == modeSame {
		flood = w.same
		for i := range w.plan.Files {
			fd, err := openInArena(sameFile(i), 0)
			if err != nil {
				return err
			}
			w.files = append(w.files, fd)
		}
	}
	var stop atomic.Bool
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	errs := make([]error, w.plan.Threads)
	var wg sync.WaitGroup
	for t := range w.plan.Threads {
		wg.Go(func() {
			runtime.LockOSThread() // each a thread of its own, as the name of the flag says
			for n := uint64(0); n < w.plan.Writes && !stop.Load() && errs[t] == nil; n++ {
				errs[t] = flood(t, n)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

var oneByte = []byte{'x'}

// same makes write n of thread t to one of the shared files.
func (w *writer) same(t int, n uint64) error {
	i := int((uint64(t) + n) % uint64(len(w.files)))
	if err := writeOne(w.files[i]); err != nil {
		return err
	}
	w.counts[i].Add(1)
	return nil
}

// distinct makes write n of thread t to a file of its own.
func (w *writer) distinct(t int, n uint64) error {
	fd, err := openInArena(fmt.Sprintf("%s-%d-%d", w.number, t, n), unix.O_EXCL)
	if err != nil {
		return err
	}
	err = writeOne(fd)
	if err == nil {
		w.counts[0].Add(1)
	}
	return errors.Join(err, unix.Close(fd))
}

// writeOne writes one byte at offset 0: the file does not grow.
func writeOne(fd int) error {
	for {
		n, err := unix.Pwrite(fd, oneByte, 0)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("writing: %w", err)
		case n != 1:
			return fmt.Errorf("writing: %w", io.ErrShortWrite)
		default:
			return nil
		}
	}
}

func openInArena(name string, flags int) (fd int, err error) {
	for {
		fd, err = unix.Openat(arenaFD, name, unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC|flags, 0o600)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return -1, fmt.Errorf("creating %s: %w", name, err)
	}
	return fd, nil
}

// sameFile names the files of mode same.
func sameFile(i int) string { return fmt.Sprintf("file-%d", i) }
