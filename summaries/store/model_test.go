package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"summarizer/summaries"
)

// model is the exact history: every tile that was taken in.
type model struct {
	tiles []*summaries.Summary
}

// totals are the sums over the tiles that start in a range.
func (m *model) totals(r Range) (t Totals) {
	for _, s := range m.tiles {
		if s.Window.Start < r.From || s.Window.Start >= r.To {
			continue
		}
		t.Events += s.Events
		t.Kinds.Add(&s.Kinds)
		addLedger(&t.Ledger, &s.Ledger)
	}
	return t
}

// Whatever order tiles come in, twice or late, and however often the store is maintained
// meanwhile: every range of every level has exactly the events of the tiles in it.
func TestStoreAgainstModel(t *testing.T) {
	for _, seed := range seeds(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { runModel(t, seed) })
	}
}

func runModel(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := newMaker(seed)
	m.frameSize, m.per = summaries.MinFrameSize, 2
	tiles := arrivals(m, rng)
	now := &clock{noon}
	s := newStore(t, Config{
		Key: &testKey, Now: now.now,
		Keep:      [NumLevels]time.Duration{30 * time.Minute, 3 * time.Hour, 30 * time.Hour, 3650 * 24 * time.Hour},
		FrameSize: [NumLevels]int{Minute: summaries.MinFrameSize, Hour: summaries.MinFrameSize, Day: summaries.MinFrameSize},
	})
	var truth model
	for i, tile := range tiles {
		now.ns = max(now.ns, tile.Window.End)
		truth.tiles = append(truth.tiles, m.ingest(t, s, tile))
		if rng.IntN(4) == 0 { // one that came before, perhaps long ago
			again, frame := m.frame(t, tiles[rng.IntN(i+1)])
			if added, err := s.Ingest(t.Context(), again, frame); added || err != nil {
				t.Fatalf("a tile that came again: added %v, %v", added, err)
			}
		}
		if rng.IntN(len(tiles)/12) == 0 {
			now.ns += rng.Int64N(int64(time.Hour))
			maintain(t, s)
			compareRanges(t, s, &truth, rng, 10)
		}
	}
	now.ns += 50 * int64(time.Hour)
	maintain(t, s)
	compareRanges(t, s, &truth, rng, 60)
	r := check(t, s)
	if r.Windows[Raw] != 0 || r.Windows[Minute] != 0 || r.Windows[Day] == 0 {
		t.Errorf("windows by level: %v", r.Windows)
	}
	if all := truth.totals(Range{minTime, maxTime}); r.Events[Day] != all.Events {
		t.Errorf("days have %d events, tiles have %d", r.Events[Day], all.Events)
	}
}

// arrivals are the tiles of three days in two boots of two sessions, about a hundred each
// day and some of them longer than an hour, in an order where any may be late.
func arrivals(m *maker, rng *rand.Rand) (tiles []*summaries.Summary) {
	at := noon
	seq := map[string]uint64{}
	for at < noon+3*buckets[Day] {
		boot := fmt.Sprintf("boot%d/session%d", (at-noon)/(2*buckets[Day]), rng.IntN(2))
		length := int64(10 * time.Second)
		if rng.IntN(20) == 0 {
			length = rng.Int64N(int64(3 * time.Hour))
		}
		n := 1 + rng.Uint64N(3)
		tiles = append(tiles, m.tile(boot, seq[boot]+1, seq[boot]+n, at, length, 1+rng.IntN(3)))
		seq[boot] += n
		if rng.IntN(10) == 0 {
			seq[boot]++ // a gap
		}
		at += length
		if rng.IntN(8) == 0 {
			at += rng.Int64N(int64(2 * time.Hour))
		}
	}
	for range len(tiles) / 10 {
		i, j := rng.IntN(len(tiles)), rng.IntN(len(tiles))
		tiles[i], tiles[j] = tiles[j], tiles[i]
	}
	return tiles
}

// compareRanges asks for the totals of random ranges, at every level.
func compareRanges(t *testing.T, s *Store, truth *model, rng *rand.Rand, n int) {
	t.Helper()
	for range n {
		from := noon + rng.Int64N(4*buckets[Day]) - buckets[Hour]
		r := Range{from, from + 1 + rng.Int64N(int64(1)<<(30+rng.IntN(18)))}
		for l := Raw; l < NumLevels; l++ {
			var got Totals
			err := s.perWindow(t.Context(), &Query{Range: r}, l, &got.Answer, func(w *window, c Count, kinds *summaries.Kinds) {
				got.Events += c.Events
				got.Kinds.Add(kinds)
				addLedger(&got.Ledger, &w.ledger)
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.From > r.From || got.To < r.To {
				t.Fatalf("asked for %v, got %v", r, got.Range)
			}
			want := truth.totals(got.Range)
			if got.Events != want.Events || got.Kinds != want.Kinds || !sameCounts(&got.Ledger, &want.Ledger) {
				t.Fatalf("range %v by %s windows: %d events, want %d", got.Range, l, got.Events, want.Events)
			}
		}
	}
}

// A tile with numbers of another one is refused, counted, and changes nothing.
func TestOverlapIsRefused(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	m.ingest(t, s, m.tile("b/s", 5, 8, noon, 10e9, 2))
	m.ingest(t, s, m.tile("b/other", 5, 6, noon, 10e9, 2))
	for _, c := range [][2]uint64{{5, 7}, {6, 8}, {4, 5}, {8, 9}, {1, 20}, {6, 6}} {
		sum, frame := m.frame(t, m.tile("b/s", c[0], c[1], noon+10e9, 10e9, 2))
		if added, err := s.Ingest(t.Context(), sum, frame); added || !errors.Is(err, ErrOverlap) {
			t.Errorf("%d to %d: added %v, %v", c[0], c[1], added, err)
		}
	}
	st, err := s.Stats(t.Context())
	if err != nil || st.Overlaps != 6 || st.Refused != 6 || st.Ingested != 2 || st.Windows[Raw] != 2 {
		t.Errorf("stats %+v, %v", st, err)
	}
	check(t, s)
}

func TestGaps(t *testing.T) {
	s, m := newStore(t, Config{}), newMaker(1)
	for _, c := range [][2]uint64{{9, 9}, {1, 2}, {3, 3}, {6, 7}, {12, 12}} {
		m.ingest(t, s, m.tile("b/s", c[0], c[1], noon+int64(c[0])*10e9, 10e9*int64(c[1]-c[0]+1), 1))
	}
	all := Range{noon - 1, noon + buckets[Day]}
	var got [][2]uint64
	gaps, err := s.Gaps(t.Context(), all, 0)
	for _, g := range gaps {
		got = append(got, [2]uint64{g.First, g.Last})
		if g.Start != noon+int64(g.First)*10e9 || g.End != noon+int64(g.Last+1)*10e9 || g.Boot != "b" || g.Session != "s" {
			t.Errorf("gap %+v", g)
		}
	}
	if want := [][2]uint64{{4, 5}, {8, 8}, {10, 11}}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("gaps %v, want %v, %v", got, want, err)
	}
	m.ingest(t, s, m.tile("b/s", 4, 5, noon+40e9, 20e9, 1)) // late, and fills one
	if gaps, err = s.Gaps(t.Context(), Range{noon, noon + 85e9}, 0); err != nil || len(gaps) != 1 || gaps[0].First != 8 {
		t.Errorf("gaps %+v, %v", gaps, err)
	}
	check(t, s)
}
