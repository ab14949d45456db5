package esbridge

// GapDetector finds messages that a kernel dropped from the sequence numbers of those that
// came: one number per event type and one over all types, each rising by one per message
// from 0 (es_message_t.seq_num and global_seq_num). It expects 0 first, so what was lost
// before the first message counts too.
//
// The global number shows a loss with the next message of any type, the number of a type
// only with the next message of that type; both see the same loss, which counts once. The
// zero value is ready to use.
type GapDetector struct {
	global sequence
	types  [256]sequence // by event type; higher types have no numbers of their own here
	typed  uint64        // Σ types[i].lost
	total  uint64
}

type sequence struct{ next, lost uint64 }

// Restart tells the detector that a new client began to number from 0.
func (d *GapDetector) Restart() {
	d.global.next = 0
	for i := range d.types {
		d.types[i].next = 0
	}
}

// Observe takes the numbers of one message and returns how many lost messages it newly
// reveals. hasGlobal is false for message versions before 4, which carry no global number.
// Within a client numbers never go backwards: one that does comes from a new client.
func (d *GapDetector) Observe(eventType int, seq, global uint64, hasGlobal bool) (lost uint64) {
	var t *sequence
	if eventType >= 0 && eventType < len(d.types) {
		t = &d.types[eventType]
	}
	if hasGlobal && global < d.global.next || t != nil && seq < t.next {
		d.Restart()
	}
	if hasGlobal {
		d.global.step(global)
	}
	if t != nil {
		addSaturating(&d.typed, t.step(seq))
	}
	total := max(d.global.lost, d.typed, d.total)
	lost, d.total = total-d.total, total
	return lost
}

// step moves to the number after seq and returns how many were missed.
func (s *sequence) step(seq uint64) (missed uint64) {
	missed = seq - s.next
	addSaturating(&s.lost, missed)
	s.next = seq + 1
	return missed
}

// LostByType is how many lost messages of a type its own numbers have shown so far.
func (d *GapDetector) LostByType(eventType int) uint64 {
	if eventType < 0 || eventType >= len(d.types) {
		return 0
	}
	return d.types[eventType].lost
}

// Lost is how many lost messages have shown so far, each once.
func (d *GapDetector) Lost() uint64 { return d.total }
