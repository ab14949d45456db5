package synthetic

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"summarizer/esbridge"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ esbridge.Source = (*Source)(nil)

// paths runs a source and returns the paths and event times it delivered.
func paths(t *testing.T, s *Source) (all []string, times []int64) {
	t.Helper()
	err := s.Run(t.Context(), func(b *esbridge.Batch) error {
		checkBatch(t, b)
		for i := range b.Events {
			all = append(all, string(b.Events[i].Path))
			times = append(times, b.Events[i].First)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Delivered() != uint64(len(all)) {
		t.Errorf("says %d delivered, were %d", s.Delivered(), len(all))
	}
	return all, times
}

func checkBatch(t *testing.T, b *esbridge.Batch) {
	t.Helper()
	if len(b.Events) > BatchSize || b.Now == 0 || b.Tally != (esbridge.Tally{}) {
		t.Fatalf("batch of %d events, now %d, %+v", len(b.Events), b.Now, b.Tally)
	}
	for i := range b.Events {
		if e := &b.Events[i]; e.Arrival < e.Last || e.Last > b.Now || b.Now-e.First > int64(time.Second) {
			t.Fatalf("event of %d arrived %d in a batch of %d", e.Last, e.Arrival, b.Now)
		}
	}
}

// A source delivers the events that Generate makes, and without a rate their times too.
func TestSourceDeliversTheScenario(t *testing.T) {
	for _, name := range allNames() {
		const n = 2000
		s := lookup(t, name, 11)
		var want []string
		var wantTimes []int64
		s.Generate(n, func(e *esbridge.Event) bool {
			want, wantTimes = append(want, string(e.Path)), append(wantTimes, e.First)
			return true
		})
		source := NewSource(s, Config{Events: n})
		for range 2 { // each run starts over
			got, times := paths(t, source)
			if !slices.Equal(got, want) || !slices.Equal(times, wantTimes) {
				t.Errorf("%s: the source delivers something else", name)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			if got, _ := paths(t, NewSource(s, Config{Events: n, Rate: 700})); !slices.Equal(got, want) {
				t.Errorf("%s: paced, the source delivers something else", name)
			}
		})
		if info := source.Info(); info != (esbridge.Info{Name: "synthetic:" + name, Live: true}) {
			t.Errorf("%+v", info)
		}
	}
}

// At any rate, each second brings that many events, batches come at least once a second, and
// the bounds hold exactly.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		Config
		events uint64
		takes  time.Duration
	}{
		{Config{Rate: 1, Duration: 10 * time.Second}, 10, 10 * time.Second},
		{Config{Rate: 3, Events: 10}, 10, 10 * time.Second / 3},
		{Config{Rate: 1000, Duration: 2500 * time.Millisecond}, 2500, 2500 * time.Millisecond},
		{Config{Rate: 1000, Events: 2500, Duration: time.Minute}, 2500, 2500 * time.Millisecond},
		{Config{Rate: 1_000_000, Duration: time.Second}, 1_000_000, time.Second},
		{Config{Rate: 999_983, Events: 500_000}, 500_000, 500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			last, events, batches := start, uint64(0), uint64(0)
			s := NewSource(lookup(t, "one-file-flood", 1), c.Config)
			err := s.Run(t.Context(), func(b *esbridge.Batch) error {
				checkBatch(t, b)
				if gap := time.Since(last); gap >= time.Second {
					t.Errorf("%+v: nothing for %v", c.Config, gap)
				}
				last = time.Now()
				batches++
				events += uint64(len(b.Events))
				if most := uint64(time.Since(start).Seconds()*float64(c.Rate)) + 1; events > most {
					t.Fatalf("%+v: %d events after %v", c.Config, events, time.Since(start))
				}
				return nil
			})
			took := time.Since(start)
			if err != nil || events != c.events || took < c.takes-time.Millisecond || took > c.takes+idle {
				t.Errorf("%+v: %d events in %v: %v; want %d in %v", c.Config, events, took, err, c.events, c.takes)
			}
			if most := events/BatchSize + uint64(took/breathe) + 2; batches > most {
				t.Errorf("%+v: %d batches, at most %d were needed", c.Config, batches, most)
			}
		})
	}
}

func TestSimulatedDuration(t *testing.T) {
	s := NewSource(lookup(t, "quiet-desktop", 1), Config{Duration: time.Minute})
	if got, times := paths(t, s); len(got) != 60*20 || times[len(times)-1]-times[0] >= int64(time.Minute) {
		t.Errorf("%d events in a simulated minute at 20 a second", len(got))
	}
}

// A slow consumer gets all that is due, no less and no more.
func TestPaceCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSource(lookup(t, "zipf", 1), Config{Rate: 10_000, Duration: 5 * time.Second})
		batches := 0
		err := s.Run(t.Context(), func(b *esbridge.Batch) error {
			if batches++; batches == 10 {
				time.Sleep(10 * time.Second)
			}
			return nil
		})
		if err != nil || s.Delivered() != 50_000 {
			t.Errorf("%d events: %v", s.Delivered(), err)
		}
	})
}

func TestRunEnds(t *testing.T) {
	broken := errors.New("consumer failed")
	for _, rate := range []uint64{0, 5, 100_000} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := NewSource(lookup(t, "fork-storm", 1), Config{Rate: rate})
			calls := 0
			err := s.Run(ctx, func(*esbridge.Batch) error {
				if calls++; calls == 20 {
					cancel()
				}
				return nil
			})
			if err != nil || calls != 20 {
				t.Errorf("rate %d: stopped after %d batches: %v", rate, calls, err)
			}
			if err := s.Run(t.Context(), func(*esbridge.Batch) error { return broken }); !errors.Is(err, broken) || s.Delivered() != 0 {
				t.Errorf("rate %d: %v after %d events", rate, err, s.Delivered())
			}
		})
	}
}

// An endless stream has its quiet write too.
func TestQuietInAnEndlessStream(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	quiet, n, found := 0, 0, 0
	s := NewSource(lookup(t, "distinct-flood+quiet", 1), Config{})
	err := s.Run(ctx, func(b *esbridge.Batch) error {
		for i := range b.Events {
			if string(b.Events[i].Path) == QuietPath {
				quiet, found = quiet+1, n+i
			}
		}
		if n += len(b.Events); n > 3*unboundedQuiet {
			cancel()
		}
		return nil
	})
	if err != nil || quiet != 1 || found != unboundedQuiet {
		t.Errorf("%d quiet writes in %d events, the last at %d: %v", quiet, n, found, err)
	}
}

func TestConfigValidate(t *testing.T) {
	if err := (Config{Rate: maxRate, Duration: time.Hour}).Validate(); err != nil {
		t.Error(err)
	}
	for want, c := range map[string]Config{"at most 1000000000": {Rate: maxRate + 1}, "use a positive one": {Duration: -1}} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
