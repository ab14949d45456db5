package store

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
)

var seedFlag = flag.Uint64("seed", 0, "run random tests with this seed only")

// seeds are those of a random test.
func seeds(n uint64) (list []uint64) {
	if *seedFlag != 0 {
		return []uint64{*seedFlag}
	}
	for seed := range n {
		list = append(list, seed+1)
	}
	return list
}

// noon is where the tests' history begins: the start of a day, UTC.
const noon = int64(20_500) * 24 * int64(time.Hour)

var testKey = sketch.Key{1, 2, 3}

// clock is a clock that stands until it is told to move.
type clock struct{ ns int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.ns) }

func openTest(t testing.TB, path string, cfg Config) *Store {
	t.Helper()
	s, err := Open(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newStore(t testing.TB, cfg Config) *Store {
	t.Helper()
	return openTest(t, filepath.Join(t.TempDir(), "history"), cfg)
}

// maker makes tiles of one machine.
type maker struct {
	rng                  *rand.Rand
	tree                 *summaries.Tree
	programs, procs, per int // of the machine; processes that write per window, and paths of each
	files                float64
	writers              int  // processes that write in a window of fill
	noise                bool // names that do not compress
	pool                 []*summaries.Summary
	poolSize             int // more than 0: fill makes so many tiles only, again and again
	frameSize            int
}

func newMaker(seed uint64) *maker {
	limits := summaries.Limits{Origins: 8, Programs: 32, Processes: 64, Paths: 512, PathBytes: 512 * 192}
	return &maker{
		rng: rand.New(rand.NewPCG(seed, 3)), tree: summaries.NewTree(limits, nil, &testKey),
		programs: 20, procs: 60, per: 4, files: 5000, writers: 24, frameSize: summaries.DefaultFrameSize,
	}
}

func (m *maker) process(n int) esbridge.Process {
	p := n % m.programs
	return esbridge.Process{
		PID: int32(100 + n), PPID: 1, Version: uint64(n), Start: noon - int64(n+1)*1e9, EUID: 501,
		Executable: fmt.Appendf(nil, "/Applications/Application %d.app/Contents/MacOS/App%d", p, p),
		CDHash:     fmt.Appendf(nil, "%020d", p), SigningID: fmt.Appendf(nil, "com.example.app%d", p),
		TeamID: []byte("ABCDEFGHIJ"), Origin: fmt.Appendf(nil, "team:%d", p%5),
	}
}

// tile makes a window of n processes, of the numbers first to seq.
func (m *maker) tile(boot string, first, seq uint64, start, length int64, n int) *summaries.Summary {
	m.tree.Reset()
	for range n {
		p := m.process(m.rng.IntN(m.procs))
		for range m.per {
			id := uint64(m.rng.ExpFloat64() * m.files)
			name := fmt.Sprintf("%08x.db-wal", id)
			if m.noise {
				name = fmt.Sprintf("%016x%016x%016x%016x%016x%016x", m.rng.Uint64(), m.rng.Uint64(), m.rng.Uint64(), m.rng.Uint64(), m.rng.Uint64(), m.rng.Uint64())
			}
			m.tree.Fold(&esbridge.Event{
				Kind: esbridge.Kind(m.rng.IntN(esbridge.NumKinds)), Process: &p, Count: 1 + m.rng.Uint64N(50),
				First: start, Last: start + length - 1, Size: int64(id), HasSize: true,
				Path: fmt.Appendf(nil, "/Users/alex/Library/Application Support/Google/Chrome/Dir%d/Cache/%s", id%40, name),
			}, start)
		}
	}
	s := &summaries.Summary{
		Machine:  summaries.Machine{ID: "machine", Boot: boot, Hostname: "host", OS: "test 1", Source: "test"},
		FirstSeq: first, Seq: seq, Series: summaries.NewSeries(length),
		Window: summaries.Window{Start: start, End: start + length, Hop: length, Tile: true, Merged: 1},
	}
	if err := m.tree.Fit(s, m.frameSize); err != nil {
		panic(err)
	}
	s.Series.Add(0, s.Events)
	s.Ledger.Folded, s.Ledger.Muted, s.Ledger.KernelDropped = s.Events, 3, uint64(n)
	s.Ledger.Received = s.Events + 3
	return s
}

// frame is the frame of a summary, and what a reader gets of it.
func (m *maker) frame(t testing.TB, s *summaries.Summary) (*summaries.Summary, []byte) {
	t.Helper()
	frame, err := summaries.AppendFrame(nil, s, m.frameSize)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, frame)
}

// ingest stores a tile that must be new.
func (m *maker) ingest(t testing.TB, s *Store, sum *summaries.Summary) *summaries.Summary {
	t.Helper()
	read, frame := m.frame(t, sum)
	if added, err := s.Ingest(t.Context(), read, frame); err != nil || !added {
		t.Fatalf("added %v, %v", added, err)
	}
	return read
}

// fill stores windows of ten seconds from start on, many in a transaction.
func (m *maker) fill(t testing.TB, s *Store, start int64, windows int) {
	t.Helper()
	if err := m.fillFrom(s, start, 10e9, 0, windows); err != nil {
		t.Fatal(err)
	}
}

// fillFrom does it with windows of a length, numbered behind seq.
func (m *maker) fillFrom(s *Store, start, length int64, seq uint64, windows int) error {
	const batch = 200
	for done := 0; done < windows; done += batch {
		err := s.change(context.Background(), func(tx *sql.Tx) error {
			for i := done; i < min(done+batch, windows); i++ {
				n := seq + uint64(i) + 1
				sum := m.pooled(n, start+int64(i)*length, length)
				frame, err := summaries.AppendFrame(nil, sum, m.frameSize)
				if err != nil {
					return err
				}
				o, err := s.offerOf(sum, frame)
				if err != nil {
					return err
				}
				if _, err := o.store(context.Background(), tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pooled is a tile, one that was made before if there are enough.
func (m *maker) pooled(seq uint64, start, length int64) *summaries.Summary {
	if len(m.pool) < max(m.poolSize, 1) || m.poolSize == 0 {
		m.pool = append(m.pool[:min(len(m.pool), m.poolSize)], m.tile("boot/s", seq, seq, start, length, m.writers))
	}
	s := *m.pool[int(seq)%len(m.pool)]
	s.FirstSeq, s.Seq, s.Window.Start, s.Window.End = seq, seq, start, start+length
	return &s
}

// decoded is a frame and its summary.
func decoded(t testing.TB, frame []byte) (*summaries.Summary, []byte) {
	t.Helper()
	sum, err := summaries.DecodeFrame(frame)
	if err != nil {
		t.Fatal(err)
	}
	return sum, frame
}

func maintain(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// check runs Check and fails the test for every problem.
func check(t testing.TB, s *Store) *Report {
	t.Helper()
	r, err := Check(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Error("check:", p)
	}
	return r
}
