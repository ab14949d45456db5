package endpointsecurity

import "summarizer/esbridge"

// A shape says which members of an event make its paths.
type shape uint8

const (
	ignored   shape = iota // nobody folds it
	lifecycle              // a step of a process
	onTarget               // a file, at an offset of its own
	onClose                // a file, if it was modified or mapped writable
	onCreate
	onRename
	onNewName // source → directory and name: link, clone, copyfile
	onExchange
)

// A kind is what one event type means here.
type kind struct {
	shape  shape
	kind   esbridge.Kind
	step   esbridge.Lifecycle
	target uint64 // onTarget: the file; onNewName: the directory, whose name follows; lifecycle: the new process
}

// kinds is indexed by es_event_type_t; what is not here is ignored.
var kinds = [...]kind{
	9:   {shape: lifecycle, step: esbridge.Exec, target: execTarget},
	11:  {shape: lifecycle, step: esbridge.Fork, target: execTarget},
	12:  {shape: onClose},
	13:  {shape: onCreate, kind: esbridge.Create},
	14:  {shape: onExchange, kind: esbridge.Exchange},
	15:  {shape: lifecycle, step: esbridge.Exit},
	19:  {shape: onNewName, kind: esbridge.Link, target: linkDir},
	25:  {shape: onRename, kind: esbridge.Rename},
	26:  {shape: onTarget, kind: esbridge.SetAttr, target: setattrlistTarget},
	27:  {shape: onTarget, kind: esbridge.SetAttr, target: writeTarget}, // setextattr
	28:  {shape: onTarget, kind: esbridge.SetAttr, target: setTarget},   // setflags
	29:  {shape: onTarget, kind: esbridge.SetAttr, target: setTarget},   // setmode
	30:  {shape: onTarget, kind: esbridge.SetAttr, target: setTarget},   // setowner
	32:  {shape: onTarget, kind: esbridge.Unlink, target: writeTarget},
	33:  {shape: onTarget, kind: esbridge.Write, target: writeTarget},
	41:  {shape: onTarget, kind: esbridge.Truncate, target: writeTarget},
	59:  {shape: onTarget, kind: esbridge.SetAttr, target: writeTarget}, // utimes
	61:  {shape: onNewName, kind: esbridge.Clone, target: linkDir},
	70:  {shape: onTarget, kind: esbridge.SetAttr, target: writeTarget}, // deleteextattr
	82:  {shape: onTarget, kind: esbridge.SetAttr, target: writeTarget}, // setacl
	110: {shape: onNewName, kind: esbridge.Copy, target: copyfileDir},
}

func kindOf(eventType uint32) kind {
	if eventType < uint32(len(kinds)) {
		return kinds[eventType]
	}
	return kind{}
}

// FileEvents is what a client for file events subscribes to, as numbers of es_event_type_t:
// every kind that is folded. Opens, reads and lookups are left out: nobody folds them, and the
// kernel drops events of a client that falls behind.
func FileEvents() []uint32 { return subscription(func(s shape) bool { return s > lifecycle }) }

// LifecycleEvents is what the other client subscribes to: exec, fork, exit.
func LifecycleEvents() []uint32 { return subscription(func(s shape) bool { return s == lifecycle }) }

func subscription(wanted func(shape) bool) (events []uint32) {
	for number, k := range kinds {
		if wanted(k.shape) {
			events = append(events, uint32(number))
		}
	}
	return events
}
