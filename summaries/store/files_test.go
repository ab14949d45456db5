package store

import (
	"testing"

	"summarizer/summaries"
)

// TestFiles counts the files that a directory stands for: one that is listed twice is one,
// those folded up count in each window.
func TestFiles(t *testing.T) {
	c := newPaths(ByDirectory, &Filter{})
	row := func(path string, directory bool, folded uint64) summaries.Path {
		return summaries.Path{Path: []byte(path), PathLen: len(path), Directory: directory, Events: 1, Folded: folded, Kinds: summaries.Kinds{1}}
	}
	for range 2 { // two windows
		p := summaries.Process{Events: 4, Paths: []summaries.Path{row("/", true, 3), row("/a/", true, 7), row("/a/x", false, 0), row("/a/y", false, 0)}}
		c.add(&summaries.Summary{Origins: []summaries.Origin{{Name: "o", Events: 4, Programs: []summaries.Program{{Events: 4, Processes: []summaries.Process{p}}}}}}, &Filter{})
	}
	var table Table
	c.finish(&table, nil, 0)
	files := map[string]uint64{}
	for _, r := range table.Rows {
		files[string(r.Path)] = r.Files
	}
	if len(files) != 2 || files["/"] != 6 || files["/a/"] != 16 {
		t.Errorf("files by directory: %v", files)
	}
}
