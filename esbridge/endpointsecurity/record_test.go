package endpointsecurity

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"summarizer/esbridge"
)

// recordOf makes a record of a type with fixed fields at offsets, and texts at the end.
func recordOf(kind uint16, fixed int, texts string, fields map[int]any) []byte {
	b := make([]byte, (fixed+len(texts)+7)&^7)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[recordTypeAt:], kind)
	binary.LittleEndian.PutUint16(b[recordLayoutAt:], recordLayout)
	for at, v := range fields {
		if _, err := binary.Encode(b[at:], binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	copy(b[fixed:], texts)
	return b
}

func processRecord(slot, pid uint32) []byte {
	return recordOf(recordProcess, recProcessTexts, "/bin/shcom.shTEAM", map[int]any{
		recordSlot: slot, recPID: pid, recExecutable: uint16(7), recSigningID: uint16(6), recTeamID: uint16(4),
		recPPID: int32(1), recResponsible: int32(2), recVersion: uint32(3), recStart: int64(4), recEUID: uint32(5), recCDHash: byte(6),
		recToken: [8]uint32{0, 5, 0, 0, 0, pid, 0, 3},
	})
}

func eventRecord(slot uint32, kind byte, path, source string, count uint64) []byte {
	return recordOf(recordEvent, recEventTexts, path+source, map[int]any{
		recordSlot: slot, recKind: kind, recCount: count, recFirst: int64(10), recLast: int64(20), recLength: int64(30), recFirstSize: int64(30),
		recPathSize: uint32(len(path)), recSourceSize: uint32(len(source)),
	})
}

func lostRecord(slot uint32, counts map[int]uint64) []byte {
	b := recordOf(recordLost, recLostSize, "", map[int]any{recordSlot: slot})
	for kind, n := range counts {
		binary.LittleEndian.PutUint64(b[recCounts+8*kind:], n)
	}
	return b
}

// read runs records through an output and returns what was delivered, written out per batch.
func read(t *testing.T, slots int, b ...[]byte) (batches [][]string, tally esbridge.Tally, err error) {
	t.Helper()
	o := newOutput(&Config{})
	o.to = func(b *esbridge.Batch) error {
		var events []string
		for i := range b.Events {
			events = append(events, written(&b.Events[i]))
		}
		batches = append(batches, events)
		tally.Add(&b.Tally)
		return nil
	}
	l := &lane{identities: newIdentities(slots)}
	err = o.records(l, slices.Concat(b...), 99)
	tally.Add(&o.batch.Tally)
	return batches, tally, err
}

const ofShell = ` | 7.3 of 1 for 2 euid 5 since 4 "/bin/sh" 0600000000000000000000000000000000000000 "com.sh" "TEAM" "team:TEAM" in "" on 0 0 false`

// TestRecords: every field of a record is that of its event.
func TestRecords(t *testing.T) {
	got, tally, err := read(t, 2, processRecord(1, 7),
		eventRecord(1, byte(esbridge.Rename), "/to", "/from", 5),
		lostRecord(1, map[int]uint64{int(esbridge.Write): 9, numKinds - 1: 2}),
		eventRecord(1, esbridge.NumKinds, "", "", 3))
	want := []string{
		`rename "/to" from "/from" ×5 10–20 at 99 size 30 true bytes 0 false` + ofShell,
		`write "" from "" ×9 99–99 at 99 size 0 false bytes 0 false` + ofShell,
	}
	if err != nil || len(got) != 1 || !slices.Equal(got[0], want) {
		t.Errorf("error %v, got %q", err, got)
	}
	if tally != (esbridge.Tally{Lifecycle: [3]uint64{3, 0, 2}}) {
		t.Errorf("tally %+v", tally)
	}
}

// TestGrowth: a record whose file changed its size meanwhile is its first event, with the size
// after it, and the others: what the file grew by is between them.
func TestGrowth(t *testing.T) {
	for _, c := range []struct {
		count       uint64
		first, last int64
		want        []string
	}{
		{1, 8, 8, []string{"×1 10–20 at 99 size 8 true"}},
		{2, 8, 30, []string{"×1 10–10 at 99 size 8 true", "×1 20–20 at 99 size 30 true"}},
		{5, 8, 0, []string{"×1 10–10 at 99 size 8 true", "×4 10–20 at 99 size 0 true"}},
		{5, -1, 3, []string{"×1 10–10 at 99 size 0 false", "×4 10–20 at 99 size 3 true"}},
		{5, 8, 8, []string{"×5 10–20 at 99 size 8 true"}},
	} {
		r := eventRecord(0, byte(esbridge.Write), "/a", "", c.count)
		binary.LittleEndian.PutUint64(r[recFirstSize:], uint64(c.first))
		binary.LittleEndian.PutUint64(r[recLength:], uint64(c.last))
		got, _, err := read(t, 1, processRecord(0, 7), r)
		for i := range c.want {
			c.want[i] = `write "/a" from "" ` + c.want[i] + ` bytes 0 false` + ofShell
		}
		if err != nil || len(got) != 1 || !slices.Equal(got[0], c.want) {
			t.Errorf("%+v: error %v, got %q", c, err, got)
		}
	}
}

// TestSlotReuse: a slot that changes hands while a batch points to its process ends the batch.
func TestSlotReuse(t *testing.T) {
	write := eventRecord(0, byte(esbridge.Write), "/a", "", 1)
	got, _, err := read(t, 2, processRecord(0, 7), write, processRecord(1, 8), processRecord(0, 9), processRecord(0, 7), write)
	if err != nil || len(got) != 2 || len(got[0]) != 1 || len(got[1]) != 1 || got[0][0] != got[1][0] {
		t.Errorf("error %v, got %q", err, got)
	}
}

// TestBatchSize: no batch is longer than it may be.
func TestBatchSize(t *testing.T) {
	b := [][]byte{processRecord(0, 7)}
	for range 2*batchEvents + 3 {
		b = append(b, eventRecord(0, 1, "/a", "", 1))
	}
	got, _, err := read(t, 1, b...)
	if err != nil || len(got) != 3 || len(got[0]) != batchEvents || len(got[2]) != 3 {
		t.Errorf("error %v, %d batches", err, len(got))
	}
}

// TestNotRecords: what no handler writes is an error, and is not read beyond its end.
func TestNotRecords(t *testing.T) {
	known := processRecord(0, 7)
	change := func(b []byte, at int, v byte) []byte {
		b = slices.Clone(b)
		b[at] = v
		return b
	}
	event := eventRecord(0, 1, "/a", "", 1)
	for name, b := range map[string][]byte{
		"a slot without process":    eventRecord(1, 1, "/a", "", 1),
		"a slot that is not there":  eventRecord(9, 1, "/a", "", 1),
		"a process without slot":    processRecord(9, 7),
		"cut":                       event[:len(event)-8],
		"no head":                   event[:7],
		"size 0":                    change(event, 0, 0),
		"odd size":                  change(event, 0, event[0]-1),
		"too short for its type":    change(event, 0, 16),
		"another layout":            change(event, recordLayoutAt, recordLayout+1),
		"another type":              change(event, recordTypeAt, 9),
		"padding":                   change(event, recordTypeAt, 1),
		"a path beyond the record":  change(event, recPathSize, 200),
		"a kind beyond the last":    change(event, recKind, numKinds),
		"names beyond the record":   change(known, recExecutable, 200),
		"an executable beyond most": recordOf(recordProcess, recProcessTexts, string(make([]byte, maxExecutable+1)), map[int]any{recExecutable: uint16(maxExecutable + 1)}),
	} {
		if _, _, err := read(t, 2, known, b); !errors.Is(err, errRecord) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// FuzzRecords: no bytes make the reader of records panic, or make up counts.
func FuzzRecords(f *testing.F) {
	f.Add(slices.Concat(processRecord(1, 7), eventRecord(1, 3, "/to", "/from", 5), lostRecord(1, map[int]uint64{1: 9})))
	f.Add(slices.Concat(processRecord(0, 7), processRecord(0, 8), eventRecord(0, 13, "", "", 5)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, err := read(t, 2, b)
		if err != nil && !errors.Is(err, errRecord) {
			t.Errorf("error %v", err)
		}
	})
}
