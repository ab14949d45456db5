package spool

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ProblemKind is what is wrong with a place of a file.
type ProblemKind uint8

const (
	WrongSize         ProblemKind = iota // the file was truncated or extended
	DamagedHead                          // the other head, or the slots, say what it said
	DamagedCheckpoint                    // the other one is older by a second
	DamagedSlot                          // a tile is lost, or a write was cut off by a crash
	OtherSession                         // a record of another spool, ignored
	NumProblemKinds   = iota
)

var problemNames = [NumProblemKinds]string{"wrong size", "damaged head", "damaged checkpoint", "damaged slot", "other session"}

func (k ProblemKind) String() string {
	if int(k) < len(problemNames) {
		return problemNames[k]
	}
	return "invalid"
}

func damageOf(k kind) ProblemKind {
	switch k {
	case kindHead:
		return DamagedHead
	case kindCheckpoint:
		return DamagedCheckpoint
	default:
		return DamagedSlot
	}
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	Kind  ProblemKind
	Index int // which of its kind, from 0
	Err   error
}

func (p Problem) String() string { return fmt.Sprintf("%s %d: %v", p.Kind, p.Index, p.Err) }

// Report is what Check found.
type Report struct {
	Size             int64 // bytes
	Slots, FrameSize int
	Session          string
	LastSeq          uint64 // last number taken
	Acked, Sent      uint64 // last number acknowledged, and sent
	Clean            bool   // it was closed
	Locked           bool   // an agent has it open: what was found may be in the middle of a change
	Waiting          []Range
	OpenWindow       *Range // the window that the next start will recover; nil for none
	// Gaps are numbers between the waiting tiles that none has: an agent was killed there
	// (one number), or slots were lost.
	Gaps     []Range
	Problems []Problem
}

// Range is the numbers First to Last.
type Range struct{ First, Last uint64 }

// OK is true if nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// Check reads the spool at path as Open does, every frame that waits included. It changes
// nothing, and may run beside an agent. The error wraps ErrForeign if the file is
// no spool, or is the system's.
func Check(path string) (Report, error) {
	report, err := check(path)
	if err != nil {
		return report, fmt.Errorf("checking the spool %s: %w", path, err)
	}
	return report, nil
}

func check(path string) (Report, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Report{}, err
	}
	if !info.Mode().IsRegular() {
		return Report{}, fmt.Errorf("no regular file: %w", ErrForeign)
	}
	locked := errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
	if !locked {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_UN); err != nil {
			return Report{}, err
		}
	}
	img, err := scan(f, info.Size())
	if err != nil {
		return Report{}, err
	}
	report := img.report(info.Size())
	report.Locked = locked
	return report, nil
}

func (m *image) report(size int64) Report {
	r := Report{
		Size: size, Slots: m.geo.slots, FrameSize: m.geo.frameSize, Session: m.st.session(),
		LastSeq: m.st.Put, Acked: m.st.Acked, Sent: m.st.Sent, Clean: m.clean, Problems: m.problems,
	}
	for i, t := range m.tiles {
		if i > 0 && t.first > m.tiles[i-1].last+1 {
			r.Gaps = append(r.Gaps, Range{m.tiles[i-1].last + 1, t.first - 1})
		}
		r.Waiting = append(r.Waiting, Range{t.first, t.last})
	}
	if c := m.checkpoint; c != nil {
		r.OpenWindow = &Range{c.First, c.Last}
	}
	return r
}
