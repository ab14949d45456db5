package summaries

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"summarizer/esbridge"
)

var update = flag.Bool("update", false, "write golden files")

const sampleStart = 1_767_323_040_000_000_000 // 2026-01-02T03:04:00Z

// sample is a small summary that has something to say in every field of the contract.
func sample() *Summary {
	write := func(n uint64) (k Kinds) { k[esbridge.Write] = n; return k }
	s := &Summary{
		Machine: Machine{ID: "m-1", Boot: "b-1", Hostname: "host", OS: "macos 15.1", Source: "eslogger"},
		Window:  Window{Start: sampleStart, End: sampleStart + 10e9, Hop: 10e9, Tile: true, EndReason: Closed, Merged: 1},
		Seq:     7, FirstSeq: 6,
		Peak:     Peak{Events: 40, Per: 1e9, At: sampleStart + 3e9},
		Series:   Series{Per: 1e9, Events: []uint64{0, 10, 40}},
		Programs: Distinct{Estimate: 2}, Procs: Distinct{Estimate: 12, AtMost: true}, Paths: Distinct{Estimate: 90, StdError: 0.016},
		KeyID:  0xabc,
		Agent:  Agent{MemoryBytes: 46 << 20, SpoolWaiting: 3, SpoolSlots: 64},
		Limits: Limits{Origins: 64, Programs: 512, Processes: 2048, Paths: 16384, PathBytes: 8 << 20},
		Muted:  []MuteRule{{Rule: "process self", Events: 5, Counted: true}, {Rule: "prefix /dev/"}},
		Findings: []Finding{
			{Kind: "flood", Severity: "high", Program: []byte("/tmp/evil"), Text: "/tmp/evil made 99 % of the events", Value: 99},
			{Kind: "drops", Severity: "low", Text: "the kernel dropped 5 events", Value: 5},
		},
		LowerBound: true,
	}
	s.Ledger = Ledger{
		Received: 108, Folded: 100, Muted: 5, Ignored: 1, Late: 3, Clamped: 4, KernelDropped: 5, QueueDropped: 6,
		Lifecycle: [3]uint64{9, 8, 7}, FoldedUp: FoldedUp{1, 2, 3, 4}, SpoolMerged: 1, SendRetries: 2, MaxLag: 1_500_000_000,
	}
	s.Ledger.Malformed[esbridge.BadJSON], s.Ledger.Malformed[esbridge.Unsupported] = 1, 1
	process := Process{
		PID: 4211, PPID: 1, ResponsiblePID: 300, EUID: 501, Version: 9, Start: sampleStart - 1, Container: "web", LowerBound: true,
		Events: 60, MissedMax: 2, Kinds: write(60), First: sampleStart + 1e6, Last: sampleStart + 9e9,
		Peak: Peak{Events: 30, Per: 1e9, At: sampleStart + 3e9}, ExtensionChanges: 1, Seen: Distinct{Estimate: 50, StdError: 0.02},
		UnlistedMax: 3,
		Paths: []Path{
			{Path: []byte("/tmp/x/"), PathLen: 7, Directory: true, Events: 49, Folded: 48, Kinds: write(49), First: sampleStart + 1e6, Last: sampleStart + 9e9},
			{Path: []byte("/tmp/x/hot"), PathLen: 5000, Events: 10, MissedMax: 3, Kinds: write(10), First: sampleStart + 1e6, Last: sampleStart + 2e6, Bytes: 10, HasBytes: true, SizeFirst: 5000, SizeLast: 904, HasSize: true},
			{Path: []byte("/tmp/x/\xff"), PathLen: 8, Events: 1, Kinds: write(1), Bytes: 0, HasBytes: true},
		},
	}
	program := Program{
		Path: []byte("/tmp/<evil> & \xfe"), PathLen: 20, CDHash: []byte{0xab, 0xcd}, SigningID: "evil", Device: 1, Inode: 2,
		Events: 99, MissedMax: 1, Kinds: write(99), Processes: []Process{process}, Seen: Distinct{Estimate: 11, StdError: 0.02},
		Other: Other{
			Members: 10, Events: 39, Kinds: write(39), UnlistedMax: 6, First: sampleStart, Last: sampleStart + 5, LowerBound: true,
			Paths:            []Path{{Path: []byte("/"), PathLen: 1, Directory: true, Events: 39, Folded: 39, Kinds: write(39)}},
			PathsUnlistedMax: 4,
		},
	}
	mini := Process{PID: 5, Events: 1, Kinds: Kinds{1}, Paths: []Path{{Path: []byte("/a"), PathLen: 2, Events: 1, Kinds: Kinds{1}}}, Seen: Distinct{Estimate: 1}}
	quiet := Program{Path: []byte("/bin/quiet"), PathLen: 10, TeamID: "T", Events: 1, Kinds: Kinds{1}, Processes: []Process{mini}, Seen: Distinct{Estimate: 1}}
	s.Origins = []Origin{{Name: "unsigned", Events: 100, Kinds: Kinds{1, 99}, Programs: []Program{program, quiet}, Seen: Distinct{Estimate: 2}}}
	s.Events, s.Kinds = 100, Kinds{1, 99}
	return s
}

// The golden file is the contract as it comes out; docs/summary.md explains it.
func TestJSONGolden(t *testing.T) {
	if err := validate(sample()); err != nil {
		t.Fatal(err)
	}
	got, err := AppendJSON([]byte("before"), sample(), 65536, 41210)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := bytes.CutPrefix(got, []byte("before"))
	if !ok || bytes.ContainsRune(got, '\n') {
		t.Fatalf("not one line behind what was there: %s", got)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, append(got, '\n'), "", " "); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/summary.golden.json"
	if *update {
		if err := os.WriteFile(golden, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pretty.Bytes(), want) {
		t.Errorf("JSON changed; if it was meant to, run go test ./summaries -run JSONGolden -update and read the difference\n%s", &pretty)
	}
}

// Bytes that JSON cannot hold are marked in path and exact in path_base64.
func TestJSONPathBytes(t *testing.T) {
	m := newMaker(t, 6)
	m.wild = true
	for range 2000 {
		path := append([]byte("/"), m.bytes(20)...)
		b, err := json.Marshal(newJSONPath(path, len(path)))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Path   string
			Base64 string `json:"path_base64"`
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		exact := []byte(got.Path)
		if got.Base64 != "" {
			if exact, err = base64.StdEncoding.DecodeString(got.Base64); err != nil || !strings.Contains(got.Path, "\uFFFD") {
				t.Fatalf("%s: %v", b, err)
			}
		}
		if !bytes.Equal(exact, path) {
			t.Fatalf("%q became %s", path, b)
		}
	}
}

func TestJSONTimes(t *testing.T) {
	for ns, want := range map[int64]string{
		0:                         `null`,
		sampleStart:               `"2026-01-02T03:04:00Z"`,
		sampleStart + 500_000_000: `"2026-01-02T03:04:00.5Z"`,
		sampleStart + 1:           `"2026-01-02T03:04:00.000000001Z"`,
		math.MaxInt64:             `"2262-04-11T23:47:16.854775807Z"`,
		math.MinInt64:             `"1677-09-21T00:12:43.145224192Z"`,
	} {
		if got, err := json.Marshal(jsonTime(ns)); err != nil || string(got) != want {
			t.Errorf("%d ns is %s, want %s (%v)", ns, got, want, err)
		}
	}
}

// A number that JSON cannot hold is an error and leaves what was there.
func TestJSONWithoutNumber(t *testing.T) {
	s := sample()
	s.Findings[0].Value = math.NaN()
	if got, err := AppendJSON([]byte("before"), s, 0, 0); err == nil || string(got) != "before" {
		t.Errorf("%s, %v", got, err)
	}
}
