package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"summarizer/esbridge"
	"summarizer/summaries"
)

// counters are what windows add up to since the start, for Prometheus. No label holds a
// path, a program or a process: those are for an attacker to choose.
type counters struct {
	windows, events, ledger, malformed, foldedUp *prometheus.CounterVec
	lag                                          prometheus.Gauge
}

// newRegistry makes a registry of its own, with what Go and the system tell of the process.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func newCounters(r *prometheus.Registry) *counters {
	vector := func(name, help, label string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "summarizer", Name: name, Help: help}, []string{label})
		r.MustRegister(v)
		return v
	}
	c := &counters{
		windows:   vector("windows_total", "Tiles that ended, by the reason.", "end_reason"),
		events:    vector("events_total", "Events folded, by kind.", "kind"),
		ledger:    vector("ledger_total", "Events by what became of them: received = folded + muted + ignored + malformed; kernel_dropped and queue_dropped never arrived.", "entry"),
		malformed: vector("malformed_total", "Malformed input, by reason.", "reason"),
		foldedUp:  vector("folded_up_total", "Rows folded into their parents, by what they were.", "row"),
		lag:       prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "summarizer", Name: "event_lag_seconds", Help: "Longest time from event to arrival in the last tile."}),
	}
	r.MustRegister(c.lag)
	return c
}

// add counts a tile. Refreshes overlap tiles and count nothing.
func (c *counters) add(s *summaries.Summary) {
	if !s.Window.Tile {
		return
	}
	c.windows.WithLabelValues(s.Window.EndReason.String()).Inc()
	for kind, n := range s.Kinds {
		c.events.WithLabelValues(esbridge.Kind(kind).String()).Add(float64(n))
	}
	l := &s.Ledger
	malformed := uint64(0)
	for reason, n := range l.Malformed {
		malformed += n
		c.malformed.WithLabelValues(esbridge.Reason(reason).String()).Add(float64(n))
	}
	for entry, n := range map[string]uint64{
		"received": l.Received, "folded": l.Folded, "muted": l.Muted, "ignored": l.Ignored, "malformed": malformed,
		"late": l.Late, "clamped": l.Clamped, "kernel_dropped": l.KernelDropped, "queue_dropped": l.QueueDropped,
	} {
		c.ledger.WithLabelValues(entry).Add(float64(n))
	}
	for row, n := range map[string]uint64{
		"origin": l.FoldedUp.Origins, "program": l.FoldedUp.Programs, "process": l.FoldedUp.Processes, "path": l.FoldedUp.Paths,
	} {
		c.foldedUp.WithLabelValues(row).Add(float64(n))
	}
	c.lag.Set(float64(l.MaxLag) / 1e9)
}
