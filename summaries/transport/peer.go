package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
)

// Peer is the process at the other end of a connection, in the words of the kernel: as it
// was when it connected. All is zero over an Inside, and over other connections that are
// not Unix sockets.
type Peer struct {
	PID      int32 // 0 where the kernel does not tell, as for a process outside our PID namespace
	UID, GID uint32
	Groups   []uint32 // supplementary groups, where they can be had
	// PIDVersion tells executions of one PID apart (macOS; else 0).
	PIDVersion uint32
	// Executable is the path of what the process was running, "" where it cannot be had.
	Executable string
	// Pinned is true where the kernel held on to the process while Executable was read. Else
	// the process may have ended and its PID may have been given to another.
	Pinned bool
	// Mode is what the peer said it is.
	Mode Mode

	file fileID // of Executable
}

func (p *Peer) String() string {
	return fmt.Sprintf("process %d of user %d (%.200q)", p.PID, p.UID, p.Executable)
}

// fileID is a file, whatever its name. Zero: unknown.
type fileID struct{ device, inode uint64 }

// Policy says which processes may connect. Root and the user of this process may, always:
// they could read its memory as well.
type Policy struct {
	// Users and Groups may connect too, given by name or number. A group is one that the
	// process was a member of when it connected, as its first or a supplementary one.
	Users, Groups []string
	// Executables narrows it down, for every user, to processes that run one of these
	// files. It keeps accidents away, not a determined user: one who may run an allowed
	// program may connect, hand the connection to a child, and become that program; or
	// make it load code of his own.
	Executables []string
}

// policy is a Policy with names resolved.
type policy struct {
	users, groups []uint32
	executables   []string
}

func (p Policy) resolve() (policy, error) {
	r := policy{users: []uint32{0, uint32(os.Geteuid())}, executables: p.Executables}
	for _, name := range p.Users {
		id, err := UserID(name)
		if err != nil {
			return policy{}, fmt.Errorf("allowing a user to connect: %w", err)
		}
		r.users = append(r.users, id)
	}
	for _, name := range p.Groups {
		id, err := groupID(name)
		if err != nil {
			return policy{}, fmt.Errorf("allowing a group to connect: %w", err)
		}
		r.groups = append(r.groups, id)
	}
	return r, nil
}

// UserID is the number of a user given by name or number. The error says what to do.
func UserID(name string) (uint32, error) {
	number := name
	if u, err := user.Lookup(name); err == nil {
		number = u.Uid
	}
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("there is no user %q: create it, or give its number", name)
	}
	return uint32(id), nil
}

// groupID is the number of a group given by name or number.
func groupID(name string) (uint32, error) {
	number := name
	if g, err := user.LookupGroup(name); err == nil {
		number = g.Gid
	}
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("there is no group %q: create it, or give its number", name)
	}
	return uint32(id), nil
}

// check returns allowed, or why the peer is not.
func (p *policy) check(peer *Peer) Reason {
	inGroup := slices.Contains(p.groups, peer.GID) ||
		slices.ContainsFunc(peer.Groups, func(g uint32) bool { return slices.Contains(p.groups, g) })
	switch {
	case !inGroup && !slices.Contains(p.users, peer.UID):
		return ForbiddenUser
	case len(p.executables) > 0 && !p.runsAllowed(peer):
		return ForbiddenExecutable
	}
	return allowed
}

// runsAllowed compares files, not names: a name can be made to look right with a mount.
func (p *policy) runsAllowed(peer *Peer) bool {
	return peer.file != fileID{} && slices.ContainsFunc(p.executables, func(path string) bool {
		return fileOf(path) == peer.file
	})
}

// peerOf asks the kernel who is at the other end. Only a Unix socket can tell; whoever
// hands in connections of another kind has made sure of their peers.
func peerOf(c net.Conn) (peer Peer, checked bool, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, false, nil
	}
	raw, err := u.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) { peer, inner = credentials(int(fd)) })
		err = errors.Join(err, inner)
	}
	if err != nil {
		return Peer{}, true, fmt.Errorf("asking who connected: %w", err)
	}
	return peer, true, nil
}
