package store

import (
	"math"
	"math/bits"

	"summarizer/summaries"
)

// Count is a number of events and how wrong it can be: the true number is at least Events
// and at most Events + Missed. math.MaxUint64 stands for that number or any larger one.
type Count struct {
	Events uint64
	Missed uint64
}

// Max is the largest number of events that the count leaves possible.
func (c Count) Max() uint64 { return plus(c.Events, c.Missed) }

func (c *Count) add(o Count) {
	c.Events, c.Missed = plus(c.Events, o.Events), plus(c.Missed, o.Missed)
}

// plus is a + b, or the largest number where that is larger.
func plus(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}

// minus is a − b, or 0 where b is larger. What is at its largest stays there: nobody knows
// how much it is.
func minus(a, b uint64) uint64 {
	if a == math.MaxUint64 {
		return a
	}
	return a - min(a, b)
}

func addAll(dst, src []uint64) {
	for i, n := range src {
		dst[i] = plus(dst[i], n)
	}
}

// ledgerFields are the counts of a ledger in the order in which they are stored; new reasons
// of malformed events come to its end.
func ledgerFields(l *summaries.Ledger) []*uint64 {
	fields := []*uint64{
		&l.Received, &l.Folded, &l.Muted, &l.Ignored, &l.Late, &l.Clamped, &l.KernelDropped, &l.QueueDropped,
		&l.SpoolMerged, &l.SendRetries, &l.FoldedUp.Origins, &l.FoldedUp.Programs, &l.FoldedUp.Processes, &l.FoldedUp.Paths,
	}
	for i := range l.Lifecycle {
		fields = append(fields, &l.Lifecycle[i])
	}
	for i := range l.Malformed {
		fields = append(fields, &l.Malformed[i])
	}
	return fields
}

// packLedger is the stored form of a ledger: its longest lag and its counts.
func packLedger(l *summaries.Ledger) []byte {
	counts := []uint64{uint64(l.MaxLag)}
	for _, f := range ledgerFields(l) {
		counts = append(counts, *f)
	}
	return appendCounts([]byte{}, counts) // never nil, which SQL takes for NULL
}

// unpackLedger is the inverse of packLedger.
func unpackLedger(b []byte) (l summaries.Ledger, err error) {
	fields := ledgerFields(&l)
	counts := make([]uint64, 1+len(fields))
	if err := readCounts(counts, b); err != nil {
		return l, err
	}
	l.MaxLag = int64(counts[0])
	for i, f := range fields {
		*f = counts[1+i]
	}
	return l, nil
}

// addLedger adds o to l.
func addLedger(l, o *summaries.Ledger) {
	theirs := ledgerFields(o)
	for i, f := range ledgerFields(l) {
		*f = plus(*f, *theirs[i])
	}
	l.MaxLag = max(l.MaxLag, o.MaxLag)
}
