package summaries

import "summarizer/esbridge"

type jsonLedger struct {
	Received      uint64        `json:"received"`
	Folded        uint64        `json:"folded"`
	Muted         uint64        `json:"muted"`
	Ignored       uint64        `json:"ignored"`
	Malformed     uint64        `json:"malformed"`
	MalformedBy   jsonReasons   `json:"malformed_by"`
	Late          uint64        `json:"late"`
	Clamped       uint64        `json:"clamped"`
	KernelDropped uint64        `json:"kernel_dropped"`
	QueueDropped  uint64        `json:"queue_dropped"`
	Lifecycle     jsonLifecycle `json:"lifecycle"`
	FoldedUp      jsonFoldedUp  `json:"folded_up"`
	SpoolMerged   uint64        `json:"spool_merged"`
	SendRetries   uint64        `json:"send_retries"`
	MaxLag        *jsonDuration `json:"max_lag"`
}

type jsonFoldedUp struct {
	Paths     uint64 `json:"paths"`
	Processes uint64 `json:"processes"`
	Programs  uint64 `json:"programs"`
	Origins   uint64 `json:"origins"`
}

func newJSONLedger(l *Ledger) jsonLedger {
	j := jsonLedger{
		Received: l.Received, Folded: l.Folded, Muted: l.Muted, Ignored: l.Ignored,
		MalformedBy: jsonReasons(l.Malformed),
		Late:        l.Late, Clamped: l.Clamped,
		KernelDropped: l.KernelDropped, QueueDropped: l.QueueDropped,
		Lifecycle: jsonLifecycle(l.Lifecycle),
		FoldedUp: jsonFoldedUp{
			Paths: l.FoldedUp.Paths, Processes: l.FoldedUp.Processes, Programs: l.FoldedUp.Programs, Origins: l.FoldedUp.Origins,
		},
		SpoolMerged: l.SpoolMerged, SendRetries: l.SendRetries,
	}
	for _, n := range l.Malformed {
		j.Malformed += n
	}
	if l.MaxLag != 0 {
		lag := jsonDuration(l.MaxLag)
		j.MaxLag = &lag
	}
	return j
}

// jsonReasons is an object of the reasons that are not zero, in their order.
type jsonReasons [esbridge.NumReasons]uint64

func (r jsonReasons) MarshalJSON() ([]byte, error) {
	return appendCounts(nil, r[:], func(i int) string { return esbridge.Reason(i).String() }, false), nil
}

// jsonLifecycle is an object of all steps.
type jsonLifecycle [esbridge.NumLifecycles]uint64

func (l jsonLifecycle) MarshalJSON() ([]byte, error) {
	return appendCounts(nil, l[:], func(i int) string { return esbridge.Lifecycle(i).String() }, true), nil
}
