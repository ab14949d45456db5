package spool

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
)

var errCrash = errors.New("crashed")

// faultyFile is a file in memory that knows what has been synced, and can crash or fail.
type faultyFile struct {
	durable []byte // what survives a power loss for sure
	current []byte // what a reader sees
	pending []write
	steps   int   // writes and syncs so far
	crashAt int   // the step that does not complete; 0: none
	err     error // what writes and syncs return; nil: they work
	readErr error
}

// write is one that was not synced. The last one before a crash may be cut.
type write struct {
	off  int64
	data []byte
	cut  bool
}

func newFaulty(content []byte) *faultyFile {
	return &faultyFile{durable: slices.Clone(content), current: slices.Clone(content)}
}

func (f *faultyFile) crashed() bool { return f.crashAt > 0 && f.steps >= f.crashAt }

func (f *faultyFile) step() error {
	if f.crashed() {
		return errCrash
	}
	if f.err != nil {
		return f.err
	}
	f.steps++
	return nil
}

func (f *faultyFile) ReadAt(b []byte, off int64) (int, error) {
	if f.readErr != nil {
		return 0, f.readErr
	}
	if off >= int64(len(f.current)) {
		return 0, io.EOF
	}
	n := copy(b, f.current[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *faultyFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.step(); err != nil {
		return 0, err
	}
	w := write{off: off, data: slices.Clone(b), cut: f.crashed()}
	f.pending = append(f.pending, w)
	if w.cut {
		return 0, errCrash
	}
	return copy(f.current[off:], b), nil
}

func (f *faultyFile) Sync() error {
	if err := f.step(); err != nil {
		return err
	}
	if f.crashed() {
		return errCrash
	}
	for _, w := range f.pending {
		copy(f.durable[w.off:], w.data)
	}
	f.pending = nil
	return nil
}

// afterKill is the file after a SIGKILL: what was written is there, and of the write that was
// cut any number of its first bytes.
func (f *faultyFile) afterKill(rng *rand.Rand) []byte {
	for _, w := range f.pending {
		if w.cut {
			copy(f.current[w.off:], w.data[:rng.IntN(len(w.data)+1)])
		}
	}
	return f.current
}

// afterPowerLoss is the file after a power loss: of what was not synced any sectors are there,
// whatever the order in which they were written.
func (f *faultyFile) afterPowerLoss(rng *rand.Rand) []byte {
	const sector = 512
	mode := rng.IntN(4)
	for _, i := range rng.Perm(len(f.pending)) {
		w := f.pending[i]
		keep := mode == 0 || mode > 1 && rng.IntN(2) == 0
		for n := 0; n < len(w.data); n += sector {
			if mode == 3 {
				keep = rng.IntN(8) > 0
			}
			if keep {
				copy(f.durable[w.off+int64(n):], w.data[n:min(n+sector, len(w.data))])
			}
		}
	}
	return f.durable
}
