package summaries

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"summarizer/esbridge"
)

// JSONSchema names the contract of AppendJSON; docs/summary.schema.json states it.
const JSONSchema = "summarizer.summary/1"

// AppendJSON appends s to dst as one JSON object on one line, without a newline at its end,
// as docs/summary.md describes it. frameBytes and payloadBytes are the sizes of the frame
// that s came in or would leave in, see Header. Equal summaries give equal bytes. It fails
// only on a number that JSON cannot hold (a NaN in a Finding), which no frame brings; dst
// comes back as it was.
func AppendJSON(dst []byte, s *Summary, frameBytes, payloadBytes int) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(newJSONSummary(s, frameBytes, payloadBytes)); err != nil {
		return dst, fmt.Errorf("writing a summary as JSON: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

type jsonSummary struct {
	Schema       string        `json:"schema"`
	Machine      jsonMachine   `json:"machine"`
	Seq          uint64        `json:"seq"`
	FirstSeq     uint64        `json:"first_seq"`
	Window       jsonWindow    `json:"window"`
	FrameBytes   int           `json:"frame_bytes"`
	PayloadBytes int           `json:"payload_bytes"`
	Events       uint64        `json:"events"`
	Kinds        jsonKinds     `json:"kinds"`
	Counts       jsonCounts    `json:"counts,omitempty"`
	Peak         jsonPeak      `json:"peak"`
	Series       jsonSeries    `json:"series"`
	Distinct     jsonDistincts `json:"distinct"`
	SketchKey    *string       `json:"sketch_key"`
	Ledger       jsonLedger    `json:"ledger"`
	Limits       jsonLimits    `json:"limits"`
	Agent        *jsonAgent    `json:"agent"`
	Muted        []jsonMute    `json:"muted"`
	Findings     []jsonFinding `json:"findings"`
	Origins      []jsonOrigin  `json:"origins"`
}

type jsonMachine struct {
	ID       string `json:"id"`
	Boot     string `json:"boot"`
	Hostname string `json:"hostname"`
	OS       string `json:"os"`
	Source   string `json:"source"`
}

type jsonWindow struct {
	Start     string       `json:"start"`
	End       string       `json:"end"`
	Hop       jsonDuration `json:"hop"`
	Tile      bool         `json:"tile"`
	EndReason string       `json:"end_reason"`
	Merged    uint32       `json:"merged"`
}

type jsonPeak struct {
	Events uint64       `json:"events"`
	Per    jsonDuration `json:"per"`
	At     jsonTime     `json:"at"`
}

type jsonSeries struct {
	Per    jsonDuration `json:"per"`
	Events []uint64     `json:"events"`
}

type jsonDistincts struct {
	Programs  jsonDistinct `json:"programs"`
	Processes jsonDistinct `json:"processes"`
	Paths     jsonDistinct `json:"paths"`
}

type jsonDistinct struct {
	Estimate uint64  `json:"estimate"`
	StdError float64 `json:"std_error"`
	AtMost   bool    `json:"at_most,omitempty"`
}

type jsonLimits struct {
	Origins   int `json:"origins"`
	Programs  int `json:"programs"`
	Processes int `json:"processes"`
	Paths     int `json:"paths"`
	PathBytes int `json:"path_bytes"`
}

type jsonAgent struct {
	MemoryBytes  uint64 `json:"memory_bytes"`
	SpoolWaiting uint64 `json:"spool_waiting"`
	SpoolSlots   uint64 `json:"spool_slots"`
}

type jsonMute struct {
	Rule   string  `json:"rule"`
	Events *uint64 `json:"events"`
}

type jsonFinding struct {
	Kind     string    `json:"kind"`
	Severity string    `json:"severity"`
	Program  *jsonText `json:"program"`
	Text     string    `json:"text"`
	Value    float64   `json:"value"`
}

func newJSONSummary(s *Summary, frameBytes, payloadBytes int) *jsonSummary {
	w := &s.Window
	return &jsonSummary{
		Schema:     JSONSchema,
		Machine:    jsonMachine(s.Machine),
		Seq:        s.Seq,
		FirstSeq:   s.FirstSeq,
		FrameBytes: frameBytes, PayloadBytes: payloadBytes,
		Window: jsonWindow{
			Start: timeText(w.Start), End: timeText(w.End), Hop: jsonDuration(w.Hop), Tile: w.Tile,
			EndReason: w.EndReason.String(), Merged: w.Merged,
		},
		Events:    s.Events,
		Kinds:     jsonKinds(s.Kinds),
		Counts:    jsonCounts(s.LowerBound),
		Peak:      newJSONPeak(s.Peak),
		Series:    jsonSeries{Per: jsonDuration(s.Series.Per), Events: append([]uint64{}, s.Series.Events...)},
		Distinct:  jsonDistincts{newJSONDistinct(&s.Programs), newJSONDistinct(&s.Procs), newJSONDistinct(&s.Paths)},
		SketchKey: keyText(s.KeyID),
		Ledger:    newJSONLedger(&s.Ledger),
		Limits:    jsonLimits(s.Limits),
		Agent:     newJSONAgent(s.Agent),
		Muted: each(s.Muted, func(r *MuteRule) jsonMute {
			if !r.Counted {
				return jsonMute{Rule: r.Rule}
			}
			return jsonMute{Rule: r.Rule, Events: &r.Events}
		}),
		Findings: each(s.Findings, func(f *Finding) jsonFinding {
			return jsonFinding{Kind: f.Kind, Severity: f.Severity, Program: textOrNull(f.Program), Text: f.Text, Value: f.Value}
		}),
		Origins: each(s.Origins, newJSONOrigin),
	}
}

// newJSONAgent is null where nothing is known.
func newJSONAgent(a Agent) *jsonAgent {
	if a == (Agent{}) {
		return nil
	}
	j := jsonAgent(a)
	return &j
}

// keyText is null where no key was used.
func keyText(id uint64) *string {
	if id == 0 {
		return nil
	}
	return stringOrNull(fmt.Sprintf("%016x", id))
}

func newJSONPeak(p Peak) jsonPeak {
	return jsonPeak{Events: p.Events, Per: jsonDuration(p.Per), At: jsonTime(p.At)}
}

func newJSONDistinct(d *Distinct) jsonDistinct {
	return jsonDistinct{Estimate: d.Estimate, StdError: d.StdError, AtMost: d.AtMost}
}

// each is f of every element, and an empty list rather than null where there is none.
func each[T, J any](list []T, f func(*T) J) []J {
	out := make([]J, len(list))
	for i := range list {
		out[i] = f(&list[i])
	}
	return out
}

// jsonText is text of any bytes; what is not UTF-8 becomes U+FFFD.
type jsonText []byte

func (t jsonText) MarshalText() ([]byte, error) { return t, nil }

// textOrNull is null for no bytes.
func textOrNull(b []byte) *jsonText {
	if len(b) == 0 {
		return nil
	}
	return (*jsonText)(&b)
}

// jsonTime is nanoseconds since the Unix epoch, written as RFC 3339 in UTC with the digits
// it needs, and null where unknown.
type jsonTime int64

func (t jsonTime) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, timeText(int64(t))), nil
}

func timeText(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// jsonDuration is nanoseconds, written as Go writes durations: "10s", "1m30s", "250ms".
type jsonDuration int64

func (d jsonDuration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// jsonCounts is left out where counts are exact.
type jsonCounts bool

func (jsonCounts) MarshalText() ([]byte, error) { return []byte("lower_bound"), nil }

// jsonKinds is an object of the kinds that are not zero, in their order.
type jsonKinds Kinds

func (k jsonKinds) MarshalJSON() ([]byte, error) {
	return appendCounts(nil, k[:], func(i int) string { return esbridge.Kind(i).String() }, false), nil
}

// appendCounts appends an object of counts by name; zero ones only on demand.
func appendCounts(b []byte, counts []uint64, name func(int) string, zeros bool) []byte {
	b = append(b, '{')
	for i, n := range counts {
		if n == 0 && !zeros {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, name(i))
		b = append(b, ':')
		b = strconv.AppendUint(b, n, 10)
	}
	return append(b, '}')
}
