package export

import (
	"bytes"
	"testing"

	"summarizer/summaries"
)

// Without a filter native JSON is what AppendJSON writes.
func TestNativeIsTheContract(t *testing.T) {
	for _, s := range []*summaries.Summary{hostile(t, 1), scenario(t, "zipf", 2, 5000)} {
		frame, err := summaries.AppendFrame(nil, s, summaries.DefaultFrameSize)
		if err != nil {
			t.Fatal(err)
		}
		h, err := summaries.ParseHeader(frame)
		if err != nil {
			t.Fatal(err)
		}
		want, err := summaries.AppendJSON(nil, s, h.FrameSize, h.PayloadSize)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := exported(t, Config{}, s); !bytes.Equal(got, append(want, '\n')) {
			t.Error("the export differs from AppendJSON")
		}
	}
}

// A summary too large for its frame tells the size of one that holds it.
func TestNativeFrameSize(t *testing.T) {
	s := scenario(t, "zipf", 1, 20_000)
	b, _ := exported(t, Config{FrameSize: summaries.MinFrameSize}, s)
	line := lines[struct {
		Frame   int `json:"frame_bytes"`
		Payload int `json:"payload_bytes"`
	}](t, b)[0]
	if line.Frame != summaries.DefaultFrameSize || line.Payload <= summaries.DefaultFrameSize/2 {
		t.Errorf("frame of %d, payload of %d bytes", line.Frame, line.Payload)
	}
}

// What a filter leaves is a summary like any other: it keeps the schema, and the decoder
// that checks every sum takes it. The whole one is not changed.
func TestFilteredIsASummary(t *testing.T) {
	schema := compile(t, "../../docs/summary.schema.json")
	all := everything(t)
	for _, s := range all[:len(all)-1] { // the extreme one is no valid summary
		before, _ := exported(t, Config{}, s)
		for _, f := range filtersFor(s) {
			left, _ := f.apply(s)
			frame, err := summaries.AppendFrame(nil, left, summaries.MaxFrameSize)
			if err == nil {
				_, err = summaries.DecodeFrame(frame)
			}
			if err != nil {
				t.Fatalf("%+v: %v", f, err)
			}
		}
		filtered, _ := exported(t, Config{Filter: Filter{Kinds: []string{"write"}}}, s)
		validateLines(t, schema, filtered)
		if after, _ := exported(t, Config{}, s); !bytes.Equal(before, after) {
			t.Fatal("a filter changed the summary")
		}
	}
}
