package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"summarizer/summaries"
)

// TestConfigErrors: what is wrong is named, in terms of keys, with what to do about it.
func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                            "no JSON object",
		`{"window": "10s"`:              "no JSON object",
		`{"windw": 1, "hopp": 2}`:       `unknown keys "hopp", "windw": the keys are window, hop,`,
		`{"Window": "1s"}`:              `unknown keys "Window"`,
		`{"window": 10}`:                `10 is no time: give a text such as "10s"`,
		`{"window": "ten"}`:             `"ten" is no time`,
		`{"hop": "-1s"}`:                "give 100ms or longer",
		`{"hop": "1ms"}`:                "hop is 1ms: make it 100ms or longer",
		`{"window": "10s", "hop":"3s"}`: "window 10s is not a multiple of hop 3s",
		`{"frame_size": 5}`:             "frame_size",
		`{"limit_paths": 1}`:            "limit_paths is 1: choose 64 to",
		`{"watch": ["etc"]}`:            `watch has "etc": give absolute paths`,
		`{"mute": ["x"]}`:               "mute rule",
		`{"sketch_key": "secret"}`:      "openssl rand",
		`{"spool_slots": 1}`:            "spool_slots",
	} {
		c, err := parseConfig([]byte(text))
		if err == nil {
			_, err = newEngine(&c)
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestConfig(t *testing.T) {
	c, err := parseConfig([]byte(`{"window": "20s", "hop": "5s", "frame_size": 32768, "limit_paths": 1000, "watch": ["/etc"], "mute": ["exe=/bin/x"],
		"sketch_key": "000102030405060708090a0b0c0d0e0f", "spool_slots": 9, "machine_id": "m", "boot": "b", "hostname": "h", "os": "o"}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := c.aggregator()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Window != 20*time.Second || cfg.Hop != 5*time.Second || cfg.FrameSize != 32768 || cfg.Limits.Paths != 1000 ||
		cfg.Limits.Origins != summaries.DefaultLimits.Origins || len(cfg.Watch) != 1 || len(cfg.Mute) != 2 || cfg.Key[15] != 15 ||
		cfg.Machine != (summaries.Machine{ID: "m", Boot: "b", Hostname: "h", OS: "o"}) {
		t.Errorf("%+v", cfg)
	}
	if c, err = parseConfig(nil); err != nil {
		t.Fatal(err)
	}
	if m := c.machine(); m.Boot == "" || m.OS == "" {
		t.Errorf("%+v", m)
	}
}

// TestHeaderNamesEveryKey: the header is where hosts look.
func TestHeaderNamesEveryKey(t *testing.T) {
	header, err := os.ReadFile("summarizer.h")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range configKeys {
		if !strings.Contains(string(header), `"`+key+`"`) {
			t.Errorf("%s is not in summarizer.h", key)
		}
	}
	errors := regexp.MustCompile(`SUMMARIZER_ERROR_\w+ = `).FindAll(header, -1)
	if len(errors) != int(numResults)-1 {
		t.Errorf("%d errors in summarizer.h, %d here", len(errors), numResults-1)
	}
	for r := range numResults {
		if r.String() == "" || r.String() == numResults.String() {
			t.Errorf("error %d has no text", r)
		}
	}
}
