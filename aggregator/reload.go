package aggregator

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"summarizer/aggregator/window"
	"summarizer/summaries"
)

// Reload is what of Config can change while a live source is folded. It replaces all four:
// zeros mean the documented defaults.
type Reload struct {
	Window time.Duration // what a summary covers
	Hop    time.Duration // between summaries
	Watch  []string      // path prefixes whose rows fold last
	Mute   []MuteRule
}

// settings are those in force or asked for. They do not change.
type settings struct {
	window window.Config
	watch  []string
	mute   *muteSet
}

// wanted is what was asked for. Folding looks at it with each batch.
type wanted struct {
	now atomic.Pointer[settings]

	mu         sync.Mutex // guards changes, and what follows
	configured []MuteRule // by Config and Reload
	passing    []MuteRule // by SetMute
}

func (w *wanted) set(c window.Config, watch []string) {
	old := &muteSet{}
	if s := w.now.Load(); s != nil {
		old = s.mute
	}
	w.now.Store(&settings{c, watch, newMuteSet(slices.Concat(w.passing, w.configured), old)})
}

// Reload changes the settings of a run, or of the one that will come. Any goroutine may call
// it. With the next batch the mute rules are in force and, if window or hop are others, the
// open window ends as Reloaded; should the window before it still be on its way out, it ends
// as soon as that has left. What is watched changes with the next empty pane. Windows after
// it begin at multiples of the new hop. A recording is folded by the settings it began with.
//
// It fails, and changes nothing, where Validate would.
func (a *Aggregator) Reload(r Reload) error {
	a.wanted.mu.Lock()
	defer a.wanted.mu.Unlock()
	cfg := a.cfg
	cfg.Window, cfg.Hop, cfg.Watch, cfg.Mute = r.Window, r.Hop, r.Watch, r.Mute
	if err := cfg.validate(a.wanted.passing); err != nil {
		return err
	}
	cfg = cfg.withDefaults()
	a.wanted.configured = slices.Clone(r.Mute)
	a.wanted.set(cfg.window(), cfg.Watch)
	return nil
}

// SetMute replaces the rules that come and go, for peers that do: they are in force beside
// those of Config and Reload, and before them. Any goroutine may call it; the rules are in
// force with the next batch. It fails, and changes nothing, where there are too many.
func (a *Aggregator) SetMute(rules []MuteRule) error {
	a.wanted.mu.Lock()
	defer a.wanted.mu.Unlock()
	if err := checkRules(slices.Concat(rules, a.wanted.configured), a.cfg.Muted, a.cfg.FrameSize); err != nil {
		return err
	}
	a.wanted.passing = slices.Clone(rules)
	s := a.wanted.now.Load()
	a.wanted.set(s.window, s.watch)
	return nil
}

// muteAnew puts the mute rules in force that were asked for. l.mu is held.
func (l *live) muteAnew() {
	want := l.a.wanted.now.Load().mute
	if want == l.mute {
		return
	}
	l.mute = want
	for _, s := range l.shards {
		s.mu.Lock()
		s.muter = muter{set: want}
		s.open.muted.adopt(want, l.a.cfg.FrameSize)
		s.mu.Unlock()
	}
}

// cutAnew ends the open window where another window or hop was asked for, and an empty pane
// is there to go on with. l.mu is held.
func (l *live) cutAnew(now window.Reading) {
	want := l.a.wanted.now.Load().window
	if want == l.window || len(l.free) == 0 {
		return
	}
	start := l.clock.Start()
	over := window.Pane{Start: start, End: min(max(now.Wall, start+1), start+int64(l.window.Hop)), Reason: summaries.Reloaded}
	l.window, l.clock = want, window.NewClock(want, now)
	next := want // of its own: want is asked for with every batch, and must not leave the stack
	l.end(job{over: over, next: &next}, now)
}
