package aggregator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"summarizer/aggregator/window"
	"summarizer/esbridge"
	"summarizer/summaries"
)

// TestShardsAgainstModel: a stream that is split at random over shards loses and doubles
// nothing, whatever the clocks do, and its checkpoints hold what is in no tile.
func TestShardsAgainstModel(t *testing.T) {
	for seed := range uint64(3) {
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig
			cfg.Shards = 2 + int(seed%3)
			cfg.Hop = []time.Duration{10 * time.Second, time.Second}[seed%2]
			cfg.FrameSize, cfg.Checkpoint = summaries.DefaultFrameSize, ignoreCheckpoint
			d := newDrive(t, seed, cfg)
			d.run(200, func() {
				if d.rng.IntN(20) == 0 {
					d.reloads++
					if err := d.a.Reload(Reload{Window: time.Duration(1+d.rng.IntN(4)) * 5 * time.Second, Hop: 5 * time.Second}); err != nil {
						t.Fatal(err)
					}
				}
			})
		})
	}
}

// fileModel counts exactly, by process and file.
type fileModel map[int32]map[string]uint64

// check holds every row of a process against the model: events ≤ truth ≤ events + missed_max,
// and no file without a row above unlisted_max.
func (m fileModel) check(t *testing.T, s *summaries.Summary) {
	t.Helper()
	for _, o := range s.Origins {
		for _, g := range o.Programs {
			for _, p := range g.Processes {
				listed := map[string]bool{}
				for _, r := range p.Paths {
					if r.Directory {
						continue
					}
					listed[string(r.Path)] = true
					if truth := m[p.PID][string(r.Path)]; r.Events > truth || truth > r.Events+r.MissedMax {
						t.Fatalf("process %d %s: %d + %d events, in truth %d", p.PID, r.Path, r.Events, r.MissedMax, truth)
					}
				}
				for path, n := range m[p.PID] {
					if !listed[path] && n > p.UnlistedMax {
						t.Fatalf("process %d %s: %d events without a row, unlisted_max %d", p.PID, path, n, p.UnlistedMax)
					}
				}
			}
		}
	}
}

// flooded folds n events of three flooding processes into random shards, and meanwhile one
// event each of quiet processes: into one shard each. It returns the one summary of them.
func flooded(t *testing.T, cfg Config, n, quiet int, model fileModel) *summaries.Summary {
	t.Helper()
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, uint64(cfg.Shards)))
	now := window.Reading{Wall: epoch, Mono: 1}
	l := newLive(a, false, now)
	fold := func(shard int, pid int32, exe, path string) {
		e := event(now.Wall, path)
		e.Arrival = now.Wall
		e.Process = &esbridge.Process{PID: pid, Executable: []byte(exe), Origin: []byte("user:1")}
		l.take(shard, &esbridge.Batch{Events: []esbridge.Event{e}}, now)
		if model != nil {
			if model[pid] == nil {
				model[pid] = map[string]uint64{}
			}
			model[pid][path]++
		}
	}
	for i := range n {
		if quiet > 0 && i%(n/quiet) == n/quiet/2 {
			q := i / (n / quiet)
			fold(q%cfg.Shards, int32(1000+q), fmt.Sprint("/bin/quiet", q%8), fmt.Sprint("/home/a/", q))
		}
		fold(rng.IntN(cfg.Shards), int32(1+i%3), "/tmp/evil", fmt.Sprint("/tmp/", i%7, "/", rng.IntN(1+i)))
	}
	var only *summaries.Summary
	l.finish(summaries.Shutdown, now)
	if err := l.summarize(func(s *summaries.Summary) error { only = s; return nil }); err != nil {
		t.Fatal(err)
	}
	checkFrame(t, only, cfg.FrameSize)
	return only
}

// quietRows counts the quiet processes that a summary lists by their file, with exact counts.
func quietRows(s *summaries.Summary) (n int) {
	for _, o := range s.Origins {
		for _, g := range o.Programs {
			for _, p := range g.Processes {
				if p.PID >= 1000 && len(p.Paths) == 1 && string(p.Paths[0].Path) == fmt.Sprint("/home/a/", p.PID-1000) &&
					p.Events == 1 && p.Paths[0].MissedMax == 0 {
					n++
				}
			}
		}
	}
	return n
}

// TestShardsKeepQuietRows: the rows of quiet processes survive a flood that goes through
// every shard, their own too; every bound holds; and the head says one window of the limits
// that were configured.
func TestShardsKeepQuietRows(t *testing.T) {
	for shards := 1; shards <= 4; shards++ {
		cfg := Config{Key: testConfig.Key, Shards: shards, FrameSize: summaries.DefaultFrameSize,
			Limits: summaries.Limits{Origins: 16, Programs: 64, Processes: 256, Paths: 4096}}
		cfg.Limits = cfg.Limits.OrDefault()
		const n, quiet = 30_000, 24
		model := fileModel{}
		s := flooded(t, cfg, n, quiet, model)
		model.check(t, s)
		if got := quietRows(s); s.Events != n+quiet || got != quiet {
			t.Errorf("%d shards: %d events, %d quiet rows, want %d and %d", shards, s.Events, got, n+quiet, quiet)
		}
		if s.Window.Merged != 1 || s.Limits != cfg.Limits || s.Peak.Events != s.Events || s.Series.Events[0] != s.Events {
			t.Errorf("%d shards: %+v, limits %+v, peak %+v, series %v", shards, s.Window, s.Limits, s.Peak, s.Series)
		}
	}
}

// TestShardIsolation: shards that share limits out keep what one table of the same size keeps,
// where each process comes by one shard. It reports what is kept beyond that, and by shards
// that each have the whole limits.
func TestShardIsolation(t *testing.T) {
	limits := summaries.Limits{Origins: 16, Programs: 64, Processes: 256, Paths: 1024}.OrDefault()
	for _, quiet := range []int{200, 300, 600} {
		kept := map[string]int{}
		for name, shards := range map[string]int{"one": 1, "shared": 4, "whole": 4} {
			cfg := Config{Key: testConfig.Key, Shards: shards, FrameSize: summaries.MaxFrameSize, Limits: limits}
			if name == "whole" {
				cfg.Limits = summaries.Limits{Origins: 64, Programs: 256, Processes: 1024, Paths: 4096}.OrDefault()
			}
			kept[name] = quietRows(flooded(t, cfg, 30_000, quiet, nil))
		}
		t.Logf("of %d quiet rows are kept: %v", quiet, kept)
		if within := quiet < limits.Processes; within && kept["shared"] < quiet {
			t.Errorf("of %d quiet rows shards keep %d", quiet, kept["shared"])
		}
	}
}

// parallel delivers from n goroutines at once, as fast as it can.
type parallel struct{ batches, size int }

func (p *parallel) Info() esbridge.Info { return esbridge.Info{Name: "parallel", Live: true} }

func (p *parallel) RunParallel(_ context.Context, n int, deliver func(int, *esbridge.Batch) error) error {
	var all sync.WaitGroup
	for shard := range n {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(shard), 1))
			process := esbridge.Process{PID: int32(shard), Executable: []byte("/bin/x"), Origin: []byte("system")}
			paths := make([][]byte, 4096)
			for i := range paths {
				paths[i] = fmt.Appendf(nil, "/home/user/some/directory/%d/file-%d", i%50, i)
			}
			b := esbridge.Batch{Events: make([]esbridge.Event, p.size)}
			for range p.batches {
				now := time.Now().UnixNano()
				for i := range b.Events {
					b.Events[i] = esbridge.Event{Kind: esbridge.Write, Process: &process, Path: paths[rng.IntN(len(paths))], Count: 1, First: now, Last: now, Arrival: now}
				}
				if deliver(shard, &b) != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return nil
}

// TestRunParallel: goroutines that deliver at once, windows that end meanwhile, checkpoints,
// reloads and mute rules from yet another goroutine.
func TestRunParallel(t *testing.T) {
	cfg := testConfig
	cfg.Shards, cfg.Window, cfg.Checkpoint = 3, 100*time.Millisecond, ignoreCheckpoint
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			if err := a.Reload(Reload{Window: time.Duration(100+100*(i%3)) * time.Millisecond}); err != nil {
				t.Error(err)
			}
			if err := a.SetMute([]MuteRule{mustParse(t, fmt.Sprint("path=/home/user/some/directory/", i%50))}); err != nil {
				t.Error(err)
			}
		}
	}()
	var received, muted uint64
	err = a.RunParallel(t.Context(), &parallel{batches: 60, size: 500}, func(s *summaries.Summary) error {
		checkFrame(t, s, cfg.FrameSize)
		received, muted = received+s.Ledger.Received, muted+s.Ledger.Muted
		return nil
	})
	close(stop)
	<-stopped
	if err != nil || received != 3*60*500 {
		t.Errorf("%d received, %d of them muted, want %d: %v", received, muted, 3*60*500, err)
	}
}

// BenchmarkShards is the time per event of as many goroutines as there are shards, each with
// a process of its own.
func BenchmarkShards(b *testing.B) {
	for _, shards := range []int{1, 2} {
		b.Run(fmt.Sprint(shards), func(b *testing.B) {
			a, err := New(Config{Shards: shards, Key: testConfig.Key})
			if err != nil {
				b.Fatal(err)
			}
			const size = 512
			before := cpuTime(b)
			err = a.RunParallel(b.Context(), &parallel{batches: b.N/size/shards + 1, size: size}, func(*summaries.Summary) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpuTime is what this process has used of the processors, in nanoseconds: what else the
// machine does disturbs it far less than it does the wall clock.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
