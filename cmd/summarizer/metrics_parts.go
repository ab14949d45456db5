package main

import (
	"context"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"summarizer/summaries/store"
	"summarizer/summaries/transport"
	"summarizer/summaries/transport/spool"
)

// numbers exports the numbers of one part, all read at the same time. A name that ends in
// _total counts, others tell a state.
type numbers[S any] struct {
	read    func() (S, error)
	metrics []metric[S]
}

type metric[S any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*S) float64
}

// add adds a metric. label is "" or a name and a value, separated by "=".
func (n *numbers[S]) add(name, label, help string, value func(*S) float64) {
	var labels prometheus.Labels
	if key, text, ok := strings.Cut(label, "="); ok {
		labels = prometheus.Labels{key: text}
	}
	kind := prometheus.GaugeValue
	if strings.HasSuffix(name, "_total") {
		kind = prometheus.CounterValue
	}
	n.metrics = append(n.metrics, metric[S]{prometheus.NewDesc("summarizer_"+name, help, nil, labels), kind, value})
}

// Describe is that of prometheus.Collector.
func (n *numbers[S]) Describe(out chan<- *prometheus.Desc) {
	for _, m := range n.metrics {
		out <- m.desc
	}
}

// Collect is that of prometheus.Collector.
func (n *numbers[S]) Collect(out chan<- prometheus.Metric) {
	s, err := n.read()
	for _, m := range n.metrics {
		if err != nil {
			out <- prometheus.NewInvalidMetric(m.desc, err)
			continue
		}
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&s))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// senderMetrics registers what an agent knows of its hosts.
func senderMetrics(r *prometheus.Registry, s *transport.Sender) {
	type stats = transport.SenderStats
	n := numbers[stats]{read: func() (transport.SenderStats, error) { return s.Stats(), nil }}
	n.add("frames_sent_total", "", "Frames sent to keepers, first time and again.", func(s *stats) float64 { return float64(s.Sent) })
	n.add("frames_resent_total", "", "Frames sent once more after a reconnect.", func(s *stats) float64 { return float64(s.Resent) })
	n.add("frames_acknowledged_total", "", "Frames that a keeper acknowledged.", func(s *stats) float64 { return float64(s.Acked) })
	n.add("refreshes_replaced_total", "", "Refreshes that no keeper took before something newer came.", func(s *stats) float64 { return float64(s.RefreshesReplaced) })
	n.add("watcher_tiles_merged_total", "", "Tiles that merged because a watcher was slow.", func(s *stats) float64 { return float64(s.WatcherMerged) })
	n.add("watcher_tiles_lost_total", "", "Tiles that a watcher does not get because newer ones could not merge with them.", func(s *stats) float64 { return float64(s.WatcherLost) })
	n.add("accept_errors_total", "", "Connections that the system did not hand over, such as for want of file descriptors.", func(s *stats) float64 { return float64(s.AcceptErrors) })
	n.add("connections_accepted_total", "", "Connections accepted.", func(s *stats) float64 { return float64(s.Accepted) })
	n.add("keeper_connected", "", "1 while a host that keeps history is connected.", func(s *stats) float64 { return truth(s.Keeper) })
	n.add("watchers_connected", "", "Hosts that only look.", func(s *stats) float64 { return float64(s.Watchers) })
	for why := range transport.Reason(transport.NumReasons) {
		n.add("connections_ended_total", "reason="+why.String(), "Connections ended, by the reason.", func(s *stats) float64 { return float64(s.Ended[why]) })
	}
	r.MustRegister(&n)
}

// ringMetrics registers what waits, and what the disk did.
func ringMetrics(r *prometheus.Registry, ring *spool.Ring) {
	type stats = spool.Stats
	n := numbers[stats]{read: func() (spool.Stats, error) { return ring.Stats(), nil }}
	n.add("spool_waiting", "", "Tiles that no host has acknowledged.", func(s *stats) float64 { return float64(s.Waiting) })
	n.add("spool_in_memory", "", "Of these, those that are not on a disk.", func(s *stats) float64 { return float64(s.InMemory) })
	n.add("spool_failing", "", "1 while the disk fails.", func(s *stats) float64 { return truth(s.Failing) })
	n.add("spool_put_total", "", "Tiles put into the spool.", func(s *stats) float64 { return float64(s.Put) })
	n.add("spool_merges_total", "", "Merges of two tiles because the spool was full.", func(s *stats) float64 { return float64(s.Merges) })
	n.add("spool_gaps_merged_total", "", "Of these, those that hide a gap in the numbers, or another machine.", func(s *stats) float64 { return float64(s.GapsMerged) })
	n.add("spool_checkpoints_total", "", "Checkpoints of the open window written.", func(s *stats) float64 { return float64(s.Checkpoints) })
	n.add("spool_recovered_total", "", "Open windows recovered after a crash.", func(s *stats) float64 { return float64(s.Recovered) })
	n.add("spool_lost_total", "", "Tiles given up.", func(s *stats) float64 { return float64(s.Lost) })
	n.add("spool_bad_slots_total", "", "Damaged places found in the file.", func(s *stats) float64 { return float64(s.BadSlots) })
	n.add("spool_written_bytes_total", "", "Bytes written to the file.", func(s *stats) float64 { return float64(s.BytesWritten) })
	for why := range spool.DiskError(spool.NumDiskErrors) {
		n.add("spool_disk_errors_total", "reason="+why.String(), "Failures of the disk, by the reason.", func(s *stats) float64 { return float64(s.DiskErrors[why]) })
	}
	r.MustRegister(&n)
}

// receiverMetrics registers what a host knows of its agent.
func receiverMetrics(r *prometheus.Registry, rec *transport.Receiver) {
	type stats = transport.ReceiverStats
	n := numbers[stats]{read: func() (transport.ReceiverStats, error) { return rec.Stats(), nil }}
	n.add("agent_connected", "", "1 while the agent is connected.", func(s *stats) float64 { return truth(s.Connected) })
	n.add("agent_connections_total", "", "Connections made to the agent.", func(s *stats) float64 { return float64(s.Connections) })
	n.add("frames_received_total", "", "Valid frames received.", func(s *stats) float64 { return float64(s.Frames) })
	n.add("frames_handled_total", "", "Frames stored and acknowledged.", func(s *stats) float64 { return float64(s.Acked) })
	for why := range transport.Failure(transport.NumFailures) {
		n.add("agent_failures_total", "reason="+why.String(), "Connections that failed, by the reason.", func(s *stats) float64 { return float64(s.Failed[why]) })
	}
	r.MustRegister(&n)
}

// storeMetrics registers the state of the store.
func storeMetrics(r *prometheus.Registry, st *store.Store) {
	type stats = store.Stats
	n := numbers[stats]{read: func() (store.Stats, error) { return st.Stats(context.Background()) }}
	n.add("store_ingested_total", "", "Windows stored.", func(s *stats) float64 { return float64(s.Ingested) })
	n.add("store_duplicates_total", "", "Windows that were there already.", func(s *stats) float64 { return float64(s.Duplicates) })
	n.add("store_refused_total", "", "Windows refused because their numbers overlap others.", func(s *stats) float64 { return float64(s.Overlaps) })
	n.add("store_failures_total", "", "Windows not stored for any other reason.", func(s *stats) float64 { return float64(s.Failures) })
	n.add("store_maintenance_failures_total", "", "Times that roll-ups or retention did not run to their end.", func(s *stats) float64 { return float64(s.MaintainFails) })
	n.add("store_file_bytes", "", "Size of the store's file.", func(s *stats) float64 { return float64(s.FileBytes) })
	for level := range store.NumLevels {
		n.add("store_windows", "level="+store.Level(level).String(), "Windows in the store, by level of detail.", func(s *stats) float64 { return float64(s.Windows[level]) })
	}
	r.MustRegister(&n)
}
