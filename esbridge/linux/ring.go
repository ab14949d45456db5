//go:build linux && (amd64 || arm64)

package linux

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// A ring is the ring buffer of one window (BPF_MAP_TYPE_RINGBUF; its memory is laid out as
// Documentation/bpf/ringbuf.rst and kernel/bpf/ringbuf.c have it). It is read only while the
// window is settled, so all its records are there and stay in place: they are mapped, used
// where they are and unmapped. A reader that follows a live ring maps all of it twice for
// good, which is 16 MiB of resident memory for the two rings of the default Config.
type ring struct {
	fd       int
	size     uint64 // a power of two
	consumer []byte // the page with the position of the reader
	producer []byte // the page with the position of the kernel
	mapped   []byte // while open
}

const (
	ringHeader  = 8       // BPF_RINGBUF_HDR_SZ
	ringBusy    = 1 << 31 // BPF_RINGBUF_BUSY_BIT: not written yet
	ringDiscard = 1 << 30 // BPF_RINGBUF_DISCARD_BIT: given up by the writer
)

func newRing(m *ebpf.Map) (r ring, err error) {
	r = ring{fd: m.FD(), size: uint64(m.MaxEntries())}
	page := os.Getpagesize()
	r.consumer, err = unix.Mmap(r.fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return r, fmt.Errorf("mapping the reader's page of a ring: %w", err)
	}
	r.producer, err = unix.Mmap(r.fd, int64(page), page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return r, errors.Join(fmt.Errorf("mapping the kernel's page of a ring: %w", err), r.close())
	}
	return r, nil
}

func (r *ring) close() (err error) {
	for _, m := range []*[]byte{&r.consumer, &r.producer, &r.mapped} {
		if *m != nil {
			err = errors.Join(err, unix.Munmap(*m))
			*m = nil
		}
	}
	return err
}

// position is the counter at the start of a page: an unsigned long, counted on forever.
func position(page []byte) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&page[0])) }

// open returns the records of the ring, for nextRecord. They are valid until release.
func (r *ring) open() ([]byte, error) {
	from, to := position(r.consumer).Load(), position(r.producer).Load()
	if from == to {
		return nil, nil
	}
	if to-from > r.size {
		return nil, fmt.Errorf("reading a ring: %d bytes used of %d", to-from, r.size)
	}
	// The kernel has the data pages twice in a row, so that what goes past the end of the
	// ring is in one piece all the same.
	page := uint64(os.Getpagesize())
	start := from & (r.size - 1)
	skip := start & (page - 1)
	var err error
	r.mapped, err = unix.Mmap(r.fd, int64(2*page+start-skip), int(skip+to-from), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the records of a ring: %w", err)
	}
	return r.mapped[skip : skip+to-from], nil
}

// release gives the space of the records back to the kernel.
func (r *ring) release() error {
	position(r.consumer).Store(position(r.producer).Load())
	if r.mapped == nil {
		return nil
	}
	err := unix.Munmap(r.mapped)
	r.mapped = nil
	if err != nil {
		return fmt.Errorf("unmapping the records of a ring: %w", err)
	}
	return nil
}

// nextRecord is the record at offset at, and the offset behind it. record is nil where the
// writer gave it up; next is 0 at the end, and where no whole record is left.
func nextRecord(records []byte, at uint32) (record []byte, next uint32) {
	rest := records[min(uint64(at), uint64(len(records))):]
	if len(rest) < ringHeader {
		return nil, 0
	}
	length := binary.NativeEndian.Uint32(rest)
	n := uint64(length &^ (ringBusy | ringDiscard))
	if length&ringBusy != 0 || n > uint64(len(rest)-ringHeader) {
		return nil, 0
	}
	next = at + uint32(ringHeader+n+7)&^7
	if length&ringDiscard != 0 {
		return nil, next
	}
	return rest[ringHeader:][:n:n], next
}
