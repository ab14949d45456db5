//go:build linux && (amd64 || arm64)

package linux

import (
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

const grant = "run as root, or grant it with `sudo setcap cap_bpf,cap_perfmon+ep ./summarizer`"

// Check returns what the source needs and whether this machine and process have it. It
// changes nothing.
func Check() []Requirement {
	capabilities := checkCapabilities()
	all := []Requirement{checkKernel(), checkBTF(), capabilities, checkLockdown()}
	if capabilities.OK { // without them bpf(2) is refused, and that says nothing more
		all = append(all, checkSyscall())
	}
	return all
}

func requirement(name string, ok bool, detail, remedy string) Requirement {
	if ok {
		remedy = ""
	}
	return Requirement{Name: name, OK: ok, Detail: detail, Remedy: remedy}
}

func checkKernel() Requirement {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return requirement("Linux 5.17 or later", false, err.Error(), "allow uname(2)")
	}
	release := unix.ByteSliceToString(u.Release[:])
	return requirement("Linux 5.17 or later", kernelAtLeast(release, 5, 17), "this is "+release, "update the kernel")
}

// kernelAtLeast compares the leading numbers of a release such as "6.1.0-56-cloud".
func kernelAtLeast(release string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(release, "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a > major || a == major && b >= minor
}

func checkBTF() Requirement {
	const path = "/sys/kernel/btf/vmlinux"
	const name = "kernel type information (BTF)"
	f, err := os.Open(path)
	if err != nil {
		return requirement(name, false, err.Error(),
			"use a kernel built with CONFIG_DEBUG_INFO_BTF; in a container mount /sys read-only")
	}
	f.Close()
	return requirement(name, true, path, "")
}

func checkCapabilities() Requirement {
	const name = "the capabilities CAP_BPF and CAP_PERFMON"
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return requirement(name, false, err.Error(), grant)
	}
	has := func(c int) bool { return data[c/32].Effective>>(c%32)&1 != 0 }
	var missing []string
	if !has(unix.CAP_SYS_ADMIN) {
		if !has(unix.CAP_BPF) {
			missing = append(missing, "CAP_BPF")
		}
		if !has(unix.CAP_PERFMON) {
			missing = append(missing, "CAP_PERFMON")
		}
	}
	if len(missing) > 0 {
		return requirement(name, false, strings.Join(missing, " and ")+" missing", grant)
	}
	return requirement(name, true, "in effect", "")
}

func checkLockdown() Requirement {
	const name = "a kernel not locked down for confidentiality"
	mode, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return requirement(name, true, "no lockdown seen", "")
	}
	locked := strings.Contains(string(mode), "[confidentiality]")
	return requirement(name, !locked, strings.TrimSpace(string(mode)), "boot with lockdown=integrity or none")
}

// checkSyscall tries bpf(2): seccomp, a user namespace or a security module may refuse it
// where the capabilities seem to be there.
func checkSyscall() Requirement {
	const name = "permission to call bpf(2)"
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		return requirement(name, false, err.Error(),
			"run in the initial user namespace; in a container allow bpf(2) in the seccomp profile")
	}
	return requirement(name, true, "granted", "")
}
