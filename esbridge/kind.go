package esbridge

// Kind is what an event did to its file. The names are those of the JSON summary.
type Kind uint8

const (
	Create        Kind = iota // a file came into being
	Write                     // one write call that succeeded
	Truncate                  // truncate(2), ftruncate(2), O_TRUNC, fallocate(2): the size was set
	Rename                    // counted once, at its destination
	Link                      // a hard link, counted at its new name
	Clone                     // clonefile(2), at its destination
	Copy                      // copyfile(2), at its destination
	Exchange                  // exchangedata(2)
	Unlink                    // a name went away
	SetAttr                   // mode, owner, flags, times, ACL or extended attributes
	CloseModified             // closed after having been modified
	MappedWrite               // closed, mapped writable at some time, not modified by a system call
	Other                     // a change of a kind this build does not name
	NumKinds      = iota
)

var kindNames = [NumKinds]string{
	"create", "write", "truncate", "rename", "link", "clone", "copy", "exchange", "unlink",
	"setattr", "close_modified", "mapped_write", "other",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// KindByName is the inverse of String; ok is false for a name that is no kind.
func KindByName(name string) (k Kind, ok bool) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), true
		}
	}
	return 0, false
}

// Lifecycle is a step in the life of a process. Lifecycle steps are counted apart from
// events: they keep identities right and say how busy the machine was.
type Lifecycle uint8

const (
	Exec Lifecycle = iota
	Fork
	Exit
	NumLifecycles = iota
)

func (l Lifecycle) String() string {
	return [...]string{"exec", "fork", "exit", "invalid"}[min(l, NumLifecycles)]
}
