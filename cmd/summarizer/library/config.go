package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"summarizer/aggregator"
	"summarizer/summaries"
	"summarizer/summaries/sketch"
	"summarizer/summaries/transport/spool"
)

// config is the object that summarizer_open takes. Keys are the names of the command's flags,
// with _ for -; summarizer.h explains them.
type config struct {
	Window         duration `json:"window"`
	Hop            duration `json:"hop"`
	FrameSize      int      `json:"frame_size"`
	LimitOrigins   int      `json:"limit_origins"`
	LimitPrograms  int      `json:"limit_programs"`
	LimitProcesses int      `json:"limit_processes"`
	LimitPaths     int      `json:"limit_paths"`
	LimitPathBytes int      `json:"limit_path_bytes"`
	Watch          []string `json:"watch"`
	Mute           []string `json:"mute"`
	MuteSelf       *bool    `json:"mute_self"`
	SketchKey      string   `json:"sketch_key"`
	SpoolSlots     int      `json:"spool_slots"`
	MachineID      string   `json:"machine_id"`
	Boot           string   `json:"boot"`
	Hostname       string   `json:"hostname"`
	OS             string   `json:"os"`
}

// duration is a time as "10s" or "1m30s".
type duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("%s is no time: give a text such as \"10s\"", b)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no time: give a text such as \"10s\"", text)
	}
	if parsed <= 0 {
		return fmt.Errorf("%q is no length of time: give 100ms or longer", text)
	}
	*d = duration(parsed)
	return nil
}

// configKeys are the keys that an object may have.
var configKeys = func() (keys []string) {
	for f := range reflect.TypeFor[config]().Fields() {
		keys = append(keys, f.Tag.Get("json"))
	}
	return keys
}()

// parseConfig reads the object; nothing at all means the defaults.
func parseConfig(text []byte) (c config, err error) {
	if len(text) == 0 {
		return c, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return c, fmt.Errorf("the configuration is no JSON object: %w", err)
	}
	var unknown []string
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if !slices.Contains(configKeys, key) {
			unknown = append(unknown, fmt.Sprintf("%q", key))
		}
	}
	if len(unknown) > 0 {
		return c, fmt.Errorf("the configuration has unknown keys %s: the keys are %s", strings.Join(unknown, ", "), strings.Join(configKeys, ", "))
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("reading the configuration: %w", err)
	}
	return c, nil
}

// aggregator is what c says, checked.
func (c *config) aggregator() (aggregator.Config, error) {
	cfg := aggregator.Config{
		Window: time.Duration(c.Window), Hop: time.Duration(c.Hop), FrameSize: c.FrameSize,
		Limits: summaries.Limits{
			Origins: c.LimitOrigins, Programs: c.LimitPrograms, Processes: c.LimitProcesses,
			Paths: c.LimitPaths, PathBytes: c.LimitPathBytes,
		},
		Watch: c.Watch, Boottime: boottime, Machine: c.machine(),
	}
	var err error
	if cfg.Mute, err = c.muteRules(); err != nil {
		return cfg, err
	}
	for _, prefix := range c.Watch {
		if len(prefix) < 2 || prefix[0] != '/' {
			return cfg, fmt.Errorf("watch has %q: give absolute paths", prefix)
		}
	}
	if cfg.FrameSize == 0 {
		cfg.FrameSize = summaries.DefaultFrameSize
	}
	cfg.Limits = cfg.Limits.OrDefault()
	if err := cfg.Validate(); err != nil {
		return cfg, inKeys(err)
	}
	// A run that a flush ends is followed by another, whose sketches merge with those before.
	cfg.Key = sketch.RandomKey()
	if c.SketchKey != "" {
		if cfg.Key, err = sketch.ParseKey(c.SketchKey); err != nil {
			return cfg, fmt.Errorf("sketch_key: %w", err)
		}
	}
	return cfg, nil
}

// flag is the name of a flag in an error.
var flag = regexp.MustCompile(`--[a-z]+(-[a-z]+)*`)

// inKeys makes an error about flags one about keys.
func inKeys(err error) error {
	return errors.New(flag.ReplaceAllStringFunc(err.Error(), func(name string) string {
		return strings.ReplaceAll(name[2:], "-", "_")
	}))
}

// muteRules are the rules, the one for this process first: what it writes itself must not come back.
func (c *config) muteRules() (rules []aggregator.MuteRule, err error) {
	texts := c.Mute
	if c.MuteSelf == nil || *c.MuteSelf {
		texts = append([]string{fmt.Sprintf("self: pid=%d", os.Getpid())}, texts...)
	}
	for _, text := range texts {
		r, err := aggregator.ParseMute(text)
		if err != nil {
			return nil, fmt.Errorf("mute: %w", err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// ring is where windows wait for the host.
func (c *config) ring(cfg *aggregator.Config) (*spool.Ring, error) {
	spooled := spool.Config{Slots: c.SpoolSlots, FrameSize: cfg.FrameSize, Key: &cfg.Key}
	if spooled.Slots == 0 {
		spooled.Slots = 2 // the outstanding one, and one that later ones merge with
	}
	if err := spooled.Validate(); err != nil {
		return nil, fmt.Errorf("spool_slots: %w", err)
	}
	return spool.Memory(spooled), nil
}

// machine is who the summaries are about.
func (c *config) machine() summaries.Machine {
	m := summaries.Machine{ID: c.MachineID, Boot: c.Boot, Hostname: c.Hostname, OS: c.OS}
	if m.Hostname == "" {
		m.Hostname, _ = os.Hostname()
	}
	if m.Boot == "" {
		m.Boot = bootID()
	}
	if m.OS == "" {
		m.OS = systemName()
	}
	return m
}
