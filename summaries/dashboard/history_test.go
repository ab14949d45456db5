package dashboard

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"summarizer/esbridge"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
	"summarizer/summaries/store"
)

// hostileNames are file names made to become more than text on a page.
var hostileNames = []string{
	`/tmp/<img src=x onerror="window.hacked=true">`, `/tmp/</script><script>window.hacked=true</script>`,
	`/tmp/"onmouseover="window.hacked=true`, "/tmp/\u202egnp.exe", "/tmp/\xff\xfe", "/tmp/{{.Title}}", "/tmp/a\nb", "/tmp/javascript:alert(1)",
	"/tmp/" + string(make([]byte, 3)), "/tmp/'+alert(1)+'", "/tmp/" + long,
}

var long = func() string {
	b := make([]byte, 900)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return string(b)
}()

var key = sketch.Key{1, 2}

// everything asks for all of history.
func everything() store.Query { return store.Query{Range: store.Range{From: 0, To: 1 << 62}} }

// tile is a window of ten seconds in which one program wrote, besides the usual ones.
func tile(start time.Time, seq uint64, program string, events uint64) *summaries.Summary {
	return tileOf(start, seq, func(fold func(program, path string, n uint64)) {
		fold(program, "/data/file", events*10)
	})
}

// tileOf folds what fill tells into a window that begins at start.
func tileOf(start time.Time, seq uint64, fill func(fold func(program, path string, n uint64))) *summaries.Summary {
	start = start.Truncate(10 * time.Second)
	tree := summaries.NewTree(summaries.DefaultLimits, nil, &key)
	s := &summaries.Summary{
		Machine:  summaries.Machine{ID: "m", Boot: "b/0123abcd", Hostname: "<b>host</b>", OS: "test", Source: "synthetic"},
		Window:   summaries.Window{Start: start.UnixNano(), End: start.Add(10 * time.Second).UnixNano(), Hop: 10e9, Tile: true, Merged: 1},
		FirstSeq: seq, Seq: seq, Muted: []summaries.MuteRule{{Rule: "path=/<i>x</i>", Events: 5, Counted: true}},
	}
	pid := int32(100)
	processes := map[string]*esbridge.Process{}
	fill(func(program, path string, n uint64) {
		p := processes[program]
		if p == nil {
			pid++
			p = &esbridge.Process{PID: pid, Start: start.UnixNano(), Executable: []byte(program), Origin: []byte("user:501"), EUID: 501, SigningID: []byte("com.example")}
			processes[program] = p
		}
		at := start.Add(time.Second).UnixNano()
		tree.Fold(&esbridge.Event{Process: p, Kind: esbridge.Write, Path: []byte(path), Count: n, First: at, Last: at, Arrival: at}, at)
		s.Ledger.Received += n
		s.Ledger.Folded += n
	})
	s.Series = summaries.NewSeries(10e9)
	s.Series.Add(1e9, s.Ledger.Folded)
	if err := tree.Fit(s, summaries.DefaultFrameSize); err != nil {
		panic(err)
	}
	return s
}

// emptyServer is a server without history.
func emptyServer(t testing.TB, access Access) *Server {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "history.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s, err := New(Config{Store: st, Access: access, Facts: func() []Fact { return []Fact{{"Agent", "connected <b>", false}} }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newServer is a server over ten minutes of history, with hostile names in it.
func newServer(t testing.TB, access Access) *Server {
	t.Helper()
	s := emptyServer(t, access)
	begin := time.Now().Add(-10 * time.Minute)
	for i := range 60 {
		if i%20 == 7 {
			continue // a gap
		}
		ingest(t, s.cfg.Store, tileOf(begin.Add(time.Duration(i)*10*time.Second), uint64(i+1), func(fold func(program, path string, n uint64)) {
			fold("/usr/bin/busy", "/var/log/busy.log", 10_000)
			for _, name := range hostileNames {
				fold("/usr/bin/hostile", name, 20)
			}
			for _, dir := range []string{"/etc/", "/home/a/x/", "/home/a/y/", "/var/lib/z/", "/opt/o/"} {
				fold("/usr/bin/many", dir+"file", 300)
			}
		}))
	}
	return s
}

func ingest(t testing.TB, st *store.Store, s *summaries.Summary) {
	t.Helper()
	frame, err := summaries.AppendFrame(nil, s, summaries.DefaultFrameSize)
	if err != nil {
		t.Fatal(err)
	}
	if added, err := st.Ingest(context.Background(), s, frame); err != nil || !added {
		t.Fatal(added, err)
	}
}

// full is a summary that fills its frame.
func full(start time.Time, n int) *summaries.Summary {
	return tileOf(start, uint64(start.Unix()), func(fold func(program, path string, n uint64)) {
		for i := range 20_000 {
			name := "/bin/p" + decimal(int64(i%300))
			fold(name, "/data/d"+decimal(int64(i%100))+"/some/longer/path/f"+decimal(int64(i)), uint64(1+i%7+n))
		}
	})
}
