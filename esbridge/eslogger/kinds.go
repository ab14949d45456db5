package eslogger

import "summarizer/esbridge"

// A shape says which members of an event's body make its paths.
type shape uint8

const (
	ignored    shape = iota // nobody folds it; the body is skipped
	lifecycle               // a step of a process; the body is skipped
	onTarget                // target
	onClose                 // target, if it was modified or mapped writable
	onCreate                // destination
	onRename                // source → destination
	onNewName               // source → target_dir + target_filename or target_name
	onExchange              // file1 → file2
)

// A kind is what one event name of eslogger means here.
type kind struct {
	number int // es_event_type_t of the NOTIFY event (ESTypes.h), for the sequence numbers
	shape  shape
	kind   esbridge.Kind
	step   esbridge.Lifecycle
}

// kinds is keyed by the name under "event"; a name that is not here is ignored.
var kinds = map[string]kind{
	"exec":          {number: 9, shape: lifecycle, step: esbridge.Exec},
	"fork":          {number: 11, shape: lifecycle, step: esbridge.Fork},
	"exit":          {number: 15, shape: lifecycle, step: esbridge.Exit},
	"close":         {number: 12, shape: onClose},
	"create":        {number: 13, shape: onCreate, kind: esbridge.Create},
	"exchangedata":  {number: 14, shape: onExchange, kind: esbridge.Exchange},
	"link":          {number: 19, shape: onNewName, kind: esbridge.Link},
	"rename":        {number: 25, shape: onRename, kind: esbridge.Rename},
	"setattrlist":   {number: 26, shape: onTarget, kind: esbridge.SetAttr},
	"setextattr":    {number: 27, shape: onTarget, kind: esbridge.SetAttr},
	"setflags":      {number: 28, shape: onTarget, kind: esbridge.SetAttr},
	"setmode":       {number: 29, shape: onTarget, kind: esbridge.SetAttr},
	"setowner":      {number: 30, shape: onTarget, kind: esbridge.SetAttr},
	"unlink":        {number: 32, shape: onTarget, kind: esbridge.Unlink},
	"write":         {number: 33, shape: onTarget, kind: esbridge.Write},
	"truncate":      {number: 41, shape: onTarget, kind: esbridge.Truncate},
	"utimes":        {number: 59, shape: onTarget, kind: esbridge.SetAttr},
	"clone":         {number: 61, shape: onNewName, kind: esbridge.Clone},
	"deleteextattr": {number: 70, shape: onTarget, kind: esbridge.SetAttr},
	"setacl":        {number: 82, shape: onTarget, kind: esbridge.SetAttr},
	"copyfile":      {number: 110, shape: onNewName, kind: esbridge.Copy},
}

// DefaultEvents is what Spawn subscribes to: every kind that is folded, and the life of
// processes. Opens, reads and lookups are left out: nobody folds them, and the kernel drops
// events of a client that falls behind.
func DefaultEvents() []string {
	return []string{
		"write", "create", "rename", "unlink", "close", "truncate", "link", "clone", "copyfile", "exchangedata",
		"setextattr", "deleteextattr", "setmode", "setowner", "setflags", "utimes", "setattrlist", "setacl",
		"exec", "fork", "exit",
	}
}
