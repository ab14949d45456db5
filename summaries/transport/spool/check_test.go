package spool

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// spoiled makes a closed spool of tiles 1 to 6, of which 1 is acknowledged and 2 was sent,
// changes its bytes, and returns its path.
func spoiled(t *testing.T, spoil func(b []byte, g geometry)) string {
	t.Helper()
	path := newPath(t)
	r := mustOpen(t, path, testConfig(8))
	for n := uint64(1); n <= 6; n++ {
		mustPut(t, r, single(n))
	}
	next(t, r)
	r.Ack(1)
	next(t, r)
	if err := errors.Join(r.Checkpoint(single(7)), r.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoil(b, testConfig(8).geometry())
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func flip(b []byte, offs ...int64) {
	for _, off := range offs {
		b[off] ^= 0x10
	}
}

func TestDamage(t *testing.T) {
	const head, sector = 40, sectorSize
	for _, test := range []struct {
		name     string
		spoil    func(b []byte, g geometry)
		problems []ProblemKind
		kept     string
	}{
		{"nothing", func([]byte, geometry) {}, nil, "2-2 3-3 4-4 5-5 6-6 7-7 "},
		{"a head", func(b []byte, g geometry) { flip(b, head) }, []ProblemKind{DamagedHead}, "2-2 3-3 4-4 5-5 6-6 7-7 "},
		{"the other head", func(b []byte, g geometry) { flip(b, sector+head) }, []ProblemKind{DamagedHead}, "2-2 3-3 4-4 5-5 6-6 7-7 "},
		{"both heads", func(b []byte, g geometry) { clear(b[:2*sector]) }, []ProblemKind{DamagedHead, DamagedHead}, "2-2 3-3 4-4 5-5 6-6 7-7 "},
		{"a slot's record", func(b []byte, g geometry) { flip(b, g.offset(kindSlot, 3)+head) }, []ProblemKind{DamagedSlot}, "2-2 3-3 5-5 6-6 7-7 "},
		{"a slot's frame", func(b []byte, g geometry) { flip(b, g.offset(kindSlot, 1)+sector+99, g.offset(kindSlot, 5)+sector) },
			[]ProblemKind{DamagedSlot, DamagedSlot}, "3-3 4-4 5-5 7-7 "},
		{"the checkpoint", func(b []byte, g geometry) { flip(b, g.offset(kindCheckpoint, 0)+sector+5) },
			[]ProblemKind{DamagedCheckpoint}, "2-2 3-3 4-4 5-5 6-6 "},
		{"a slot in another's place", func(b []byte, g geometry) {
			from, to := g.offset(kindSlot, 2), g.offset(kindSlot, 7)
			copy(b[to:], b[from:from+g.stride()])
		}, []ProblemKind{DamagedSlot}, "2-2 3-3 4-4 5-5 6-6 7-7 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := spoiled(t, test.spoil)
			report, err := Check(path)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []ProblemKind
			for _, p := range report.Problems {
				kinds = append(kinds, p.Kind)
			}
			if !slices.Equal(kinds, test.problems) || report.OK() != (len(kinds) == 0) {
				t.Errorf("found %v", report.Problems)
			}
			r := mustOpen(t, path, testConfig(8))
			if s := r.Stats(); s.BadSlots != uint64(len(test.problems)) {
				t.Errorf("%+v", s)
			}
			all := drain(t, r)
			if got := ranges(all); got != test.kept {
				t.Errorf("kept %s, not %s", got, test.kept)
			}
		})
	}
}

// TestDamagedWhileOpen: a slot that goes bad under the agent is counted, and the rest delivered.
func TestDamagedWhileOpen(t *testing.T) {
	r, f := newFaultyRing(t, 4)
	n := r.LastSeq()
	mustPut(t, r, single(n+1), single(n+2), single(n+3))
	flip(f.current, r.geo.offset(kindSlot, r.tiles[1].place)+sectorSize+50)
	if got := len(drain(t, r)); got != 2 || r.Stats().BadSlots != 1 {
		t.Errorf("%d tiles, %+v", got, r.Stats())
	}
	checkSlots(t, r)
}

func TestReport(t *testing.T) {
	path := newPath(t)
	r := mustOpen(t, path, testConfig(8))
	mustPut(t, r, single(1), single(2), newTile(4, 6, 3))
	next(t, r)
	r.Checkpoint(newTile(7, 9, 1))
	kill(r)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Check(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Report{
		Size: testConfig(8).geometry().size(), Slots: 8, FrameSize: testFrame, Session: r.Session(), LastSeq: 6, Sent: 1,
	}
	waiting, gaps := []Range{{1, 1}, {2, 2}, {4, 6}}, []Range{{3, 3}}
	if !slices.Equal(got.Waiting, waiting) || !slices.Equal(got.Gaps, gaps) || *got.OpenWindow != (Range{7, 9}) || !got.OK() {
		t.Errorf("%+v", got)
	}
	got.Waiting, got.Gaps, got.OpenWindow = nil, nil, nil
	if got.Size != want.Size || got.Slots != want.Slots || got.FrameSize != want.FrameSize || got.Session != want.Session ||
		got.LastSeq != want.LastSeq || got.Sent != want.Sent || got.Acked != 0 || got.Clean || got.Locked {
		t.Errorf("%+v, not %+v", got, want)
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(before, after) {
		t.Errorf("the check changed the file: %v", err)
	}
}

// TestOtherRelease: a spool of a newer release is neither read nor touched.
func TestOtherRelease(t *testing.T) {
	path := spoiled(t, func(b []byte, g geometry) {
		for off := 0; off < len(b); off += sectorSize {
			if string(b[off:off+4]) == string(recordMagic[:]) {
				b[off+4] = recordVersion + 1
			}
		}
	})
	if _, err := Open(path, testConfig(8)); !errors.Is(err, errVersion) || !strings.Contains(err.Error(), "move the file away") {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	for e := range DiskError(NumDiskErrors) {
		if e.String() == "" || e.String() == "invalid" {
			t.Errorf("disk error %d has no name", e)
		}
	}
	for k := range ProblemKind(NumProblemKinds) {
		if k.String() == "" || k.String() == "invalid" {
			t.Errorf("problem %d has no name", k)
		}
	}
}
