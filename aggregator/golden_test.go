package aggregator

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"summarizer/esbridge"
	"summarizer/esbridge/synthetic"
	"summarizer/summaries"
)

var update = flag.Bool("update", false, "write the golden files anew")

// recorded is a scenario as a recording.
type recorded struct {
	scenario *synthetic.Scenario
	events   uint64
}

func (r recorded) Info() esbridge.Info { return esbridge.Info{Name: "recorded"} }

func (r recorded) Run(_ context.Context, deliver func(*esbridge.Batch) error) (err error) {
	r.scenario.Generate(r.events, func(e *esbridge.Event) bool {
		err = deliver(&esbridge.Batch{Events: []esbridge.Event{*e}})
		return err == nil
	})
	return err
}

// TestGolden replays scenarios into tables that are far too small for them: with one sketch
// key the output is the same to the last byte, on every machine.
func TestGolden(t *testing.T) {
	for name, events := range map[string]uint64{"quiet-desktop": 300, "attack-mix+quiet": 12000, "one-dir-per-file": 9000} {
		t.Run(name, func(t *testing.T) {
			scenario, err := synthetic.Lookup(name, 7)
			if err != nil {
				t.Fatal(err)
			}
			cfg := testConfig
			var got []byte
			for _, s := range run(t, cfg, recorded{scenario, events}) {
				frame, err := summaries.AppendFrame(nil, s, cfg.FrameSize)
				if err != nil {
					t.Fatal(err)
				}
				header, err := summaries.ParseHeader(frame)
				if err != nil {
					t.Fatal(err)
				}
				if got, err = summaries.AppendJSON(got, s, len(frame), header.PayloadSize); err != nil {
					t.Fatal(err)
				}
				got = append(bytes.TrimRight(got, "\n"), '\n')
			}
			file := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; write it with -update", err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from what was; compare after -update", file)
			}
		})
	}
}
