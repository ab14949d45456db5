package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
	"summarizer/summaries/export"
	"summarizer/summaries/sketch"
	"summarizer/summaries/store"
)

// madeHistory is a store of five windows of ten seconds, the last of which ended just now.
func madeHistory(t *testing.T) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "h.db")
	st, err := store.Open(name, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const windows, length = 5, int64(10e9)
	begin := time.Now().UnixNano()/length*length - windows*length
	tree := summaries.NewTree(summaries.DefaultLimits, nil, &sketch.Key{1})
	for i := range int64(windows) {
		scenario, err := synthetic.Lookup("compile+quiet", uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		scenario.Generate(uint64(50+10*i), func(e *esbridge.Event) bool {
			tree.Fold(e, e.Last)
			return true
		})
		s := &summaries.Summary{FirstSeq: uint64(i + 1), Seq: uint64(i + 1)}
		s.Window = summaries.Window{Start: begin + i*length, End: begin + (i+1)*length, Hop: length, Tile: true, Merged: 1}
		if err := tree.Fit(s, summaries.DefaultFrameSize); err != nil {
			t.Fatal(err)
		}
		tree.Reset()
		s.Ledger.Received, s.Ledger.Folded = s.Events, s.Events
		frame, err := summaries.AppendFrame(nil, s, summaries.DefaultFrameSize)
		if err != nil {
			t.Fatal(err)
		}
		if added, err := st.Ingest(t.Context(), s, frame); err != nil || !added {
			t.Fatal(added, err)
		}
	}
	return name
}

// sums read an export with what others would read it with, and add up its events.
var sums = map[string]func(*testing.T, []byte) uint64{
	"json": func(t *testing.T, b []byte) uint64 { return sumLines(t, b, "events") },
	"ocsf": func(t *testing.T, b []byte) uint64 { return sumLines(t, b, "count") },
	"csv": func(t *testing.T, b []byte) (n uint64) {
		t.Helper()
		records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		column := slices.Index(records[0], "events")
		for _, r := range records[1:] {
			events, err := strconv.ParseUint(r[column], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			n += events
		}
		return n
	},
	"parquet": func(t *testing.T, b []byte) (n uint64) {
		t.Helper()
		rows, err := parquet.Read[struct {
			Events uint64 `parquet:"events"`
		}](bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			n += r.Events
		}
		return n
	},
}

func sumLines(t *testing.T, b []byte, key string) (n uint64) {
	t.Helper()
	for line := range bytes.Lines(b) {
		var record map[string]json.RawMessage
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		events, err := strconv.ParseUint(string(record[key]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n += events
	}
	return n
}

// TestExportsAddUp wants the same total in every format and of every range that the store has.
func TestExportsAddUp(t *testing.T) {
	t.Parallel()
	history := madeHistory(t)
	st := stored(t, history)
	windows, err := st.Windows(t.Context(), everything(), store.Raw, 100)
	if err != nil || len(windows) < 4 {
		t.Fatalf("%d windows, %v", len(windows), err)
	}
	slices.SortFunc(windows, func(a, b store.WindowInfo) int { return int(a.Start - b.Start) })
	from, to := windows[1].Start, windows[3].Start
	moment := func(at int64) string { return time.Unix(0, at).UTC().Format(time.RFC3339Nano) }
	for _, c := range []struct {
		args []string
		r    store.Range
	}{
		{nil, everything()},
		{[]string{"--from", moment(from), "--to", moment(to)}, store.Range{From: from, To: to}},
		{[]string{"--from", moment(from)}, store.Range{From: from, To: everything().To}},
		{[]string{"--to", moment(to)}, store.Range{From: 0, To: to}},
		{[]string{"--from", "24h", "--to", "1h"}, store.Range{From: 1, To: 2}},
		{[]string{"--from", "0001-01-01", "--to", "9999-01-01"}, everything()},
		{[]string{"--from", "2000000h"}, everything()},
	} {
		want, err := st.Totals(t.Context(), store.Query{Range: c.r})
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for range st.Summaries(t.Context(), c.r) {
			read++
		}
		if n, err := st.CountSummaries(t.Context(), c.r); err != nil || n != read {
			t.Errorf("%v: %d windows counted, %d read, %v", c.args, n, read, err)
		}
		for _, format := range export.Formats() {
			file := filepath.Join(t.TempDir(), "out")
			args := slices.Concat([]string{"export", "--store", history, "--format", format, "--output", file}, c.args)
			if said, code := outcome(t, args...); code != 0 || said != "" {
				t.Fatalf("%v exits with %d: %s", args, code, said)
			}
			if got := sums[format](t, contentOf(t, file)); got != want.Events {
				t.Errorf("%v: %d events, the store has %d", args, got, want.Events)
			}
		}
	}
}

// An export that is interrupted leaves nothing behind that looks whole.
func TestInterruptedExport(t *testing.T) {
	t.Parallel()
	history, dir := madeHistory(t), t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	st := stored(t, history)
	after := func(all iter.Seq2[*summaries.Summary, error]) iter.Seq2[*summaries.Summary, error] {
		return func(yield func(*summaries.Summary, error) bool) {
			for s, err := range all {
				if !yield(s, err) {
					return
				}
				cancel(errors.New("a signal")) // as it comes while the first window is written
			}
		}
	}
	stats, err := export.File(filepath.Join(dir, "out"), interruptible(ctx, after(st.Summaries(t.Context(), everything()))), export.Config{})
	if err == nil || !strings.Contains(err.Error(), "interrupted: a signal") || stats.Windows != 1 {
		t.Errorf("ended with %v after %+v", err, stats)
	}
	started := false
	root := newRoot(&started)
	root.SetArgs([]string{"export", "--store", history, "--output", filepath.Join(dir, "out")})
	if err := root.ExecuteContext(ctx); err == nil {
		t.Error("the verb does not mind an interrupt")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
