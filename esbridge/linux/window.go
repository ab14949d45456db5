//go:build linux && (amd64 || arm64)

package linux

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// A window is what the kernel fills between two drains: struct by struct what bpf/window.h
// describes. There are two; while one is read the other is filled.
type window struct {
	index uint32
	files *ebpf.Map
	procs *ebpf.Map
	ring  ring
}

func openWindows(o *bpfObjects) (w [2]window, err error) {
	w[0] = window{index: 0, files: o.Files0, procs: o.Procs0}
	w[1] = window{index: 1, files: o.Files1, procs: o.Procs1}
	for i, ring := range []*ebpf.Map{o.Ring0, o.Ring1} {
		if w[i].ring, err = newRing(ring); err != nil {
			return w, err
		}
	}
	return w, nil
}

// swap lets the kernel fill window next and returns when nothing fills the other one any
// more. Putting a map into an array of maps waits for an RCU grace period, which ends after
// every program that may have seen the old value has.
func swap(o *bpfObjects, next uint32) error {
	if err := o.Window.Set(next); err != nil {
		return fmt.Errorf("swapping windows: %w", err)
	}
	if err := o.Files.Update(uint32(0), o.Files0, ebpf.UpdateAny); err != nil {
		return fmt.Errorf("waiting for the window to settle: %w", err)
	}
	return nil
}

// takeAll hands every row of a table to f and empties the table. keys and values are room
// for a part of it.
func takeAll[K, V any](m *ebpf.Map, keys []K, values []V, f func(*K, *V) error) error {
	var cursor ebpf.MapBatchCursor
	for {
		n, err := m.BatchLookupAndDelete(&cursor, keys, values, nil)
		last := errors.Is(err, ebpf.ErrKeyNotExist)
		if err != nil && !last {
			return fmt.Errorf("reading table %v: %w", m, err)
		}
		for i := range n {
			if err := f(&keys[i], &values[i]); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// takeTotals sums the totals of a window over all CPUs and resets them.
func takeTotals(o *bpfObjects, index uint32, perCPU []bpfTotals) (sum bpfTotals, err error) {
	if err := o.WindowTotals.Lookup(index, &perCPU); err != nil {
		return sum, fmt.Errorf("reading totals: %w", err)
	}
	for i := range perCPU {
		t := &perCPU[i]
		sum.Events += t.Events
		sum.Lost += t.Lost
		sum.Muted += t.Muted
		sum.Unsupported += t.Unsupported
		for j := range sum.Lifecycle {
			sum.Lifecycle[j] += t.Lifecycle[j]
		}
	}
	clear(perCPU)
	if err := o.WindowTotals.Update(index, perCPU, ebpf.UpdateExist); err != nil {
		return sum, fmt.Errorf("resetting totals: %w", err)
	}
	if err := o.WindowIds.Update(index, bpfIds{}, ebpf.UpdateExist); err != nil {
		return sum, fmt.Errorf("resetting ids: %w", err)
	}
	return sum, nil
}
