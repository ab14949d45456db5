package linux

import (
	"bytes"
	"strconv"
)

// origin is the trust group of a program: "system" where only root can replace its file,
// else the user that runs it.
func origin(dst []byte, exeUID, exeMode, uid uint32) []byte {
	const writableByOthers = 0o022
	if exeUID == 0 && exeMode != 0 && exeMode&writableByOthers == 0 {
		return append(dst, "system"...)
	}
	return strconv.AppendUint(append(dst, "user:"...), uint64(uid), 10)
}

// container names where a process of another mount namespace than ours lives: the id of the
// container where its control groups tell it, the mount namespace elsewhere. cgroups is the
// names of its control groups, innermost first, each ended by a NUL.
func container(dst []byte, mountNamespace uint32, cgroups []byte) []byte {
	for name := range bytes.SplitSeq(cgroups, []byte{0}) {
		if id := containerID(name); id != nil {
			return append(dst, id...)
		}
	}
	return strconv.AppendUint(append(dst, "mnt:"...), uint64(mountNamespace), 10)
}

// containerID finds the id in the name of a control group: 64 hexadecimal digits, as in
// "docker-<id>.scope", "cri-containerd-<id>.scope" and plain "<id>".
func containerID(name []byte) []byte {
	const digits = 64
	run := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && isHex(name[i]) {
			run++
			continue
		}
		if run == digits {
			return name[i-digits : i]
		}
		run = 0
	}
	return nil
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }
