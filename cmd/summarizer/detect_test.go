package main

import (
	"testing"

	"github.com/spf13/pflag"

	"summarizer/summaries"
)

// writesTo is a tile in which a program wrote a path.
func writesTo(seq uint64, path string) *summaries.Summary {
	var kinds summaries.Kinds
	kinds[1] = 5
	rows := []summaries.Path{{Path: []byte(path), PathLen: len(path), Events: 5, Kinds: kinds}}
	process := summaries.Process{PID: 7, Events: 5, Kinds: kinds, Paths: rows}
	program := summaries.Program{Path: []byte("/bin/a"), Events: 5, Kinds: kinds, Processes: []summaries.Process{process}}
	s := &summaries.Summary{Events: 5, Kinds: kinds, FirstSeq: seq, Seq: seq, Origins: []summaries.Origin{{Name: "x", Events: 5, Kinds: kinds, Programs: []summaries.Program{program}}}}
	s.Window = summaries.Window{Start: int64(seq) * 10e9, End: int64(seq+1) * 10e9, Hop: 10e9, Tile: true}
	return s
}

// Each rule listens to its flag: what is watched, and how long nothing counts as new.
func TestDetectionFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		path string
		want string
	}{
		{nil, "/srv/keys/x", ""},
		{nil, "/etc/passwd", "watched"},
		{[]string{"--watch", "/srv/keys/"}, "/srv/keys/x", "watched"},
		{[]string{"--watch", "/srv/keys/"}, "/etc/passwd", ""},
		{[]string{"--watch", "/srv/keys/", "--learn", "5s"}, "/srv/keys/x", "new_writer"},
	} {
		var d detection
		flags := pflag.NewFlagSet("host", pflag.ContinueOnError)
		d.flags(flags)
		d.watchFlag(flags)
		if err := flags.Parse(c.args); err != nil {
			t.Fatal(err)
		}
		found, err := d.open(nil)
		if err != nil {
			t.Fatal(err)
		}
		first := writesTo(1, "/home/x")
		first.Origins[0].Programs[0].Path = []byte("/bin/other")
		found.observe(first)
		s := writesTo(2, c.path)
		found.observe(s)
		got := ""
		for _, f := range s.Findings {
			got += f.Kind
		}
		if got != c.want {
			t.Errorf("%q, %s: %q, want %q", c.args, c.path, got, c.want)
		}
	}
}
