//go:build linux && (amd64 || arm64)

package linux

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// load puts the programs and their tables into the kernel; nothing runs yet. cast says whether
// they may use bpf_rdonly_cast.
func load(c Config, cast bool) (*bpfObjects, error) {
	spec, err := loadBpf()
	if err != nil {
		return nil, fmt.Errorf("reading the eBPF object: %w", err)
	}
	size(spec, bpfMapFiles, c.MaxFiles, bpfMapFiles0, bpfMapFiles1)
	size(spec, bpfMapProcs, c.MaxProcesses, bpfMapProcs0, bpfMapProcs1)
	size(spec, bpfMapRings, c.RingBytes, bpfMapRing0, bpfMapRing1)
	if err := setConstants(spec, c, cast); err != nil {
		return nil, err
	}
	o := new(bpfObjects)
	if err := spec.LoadAndAssign(o, nil); err != nil {
		return nil, fmt.Errorf("loading the eBPF programs: %w", err)
	}
	return o, nil
}

// size sets the number of entries of an outer map's inner maps.
func size(spec *ebpf.CollectionSpec, outer string, entries int, inner ...string) {
	spec.Maps[outer].InnerMap.MaxEntries = uint32(entries)
	for _, name := range inner {
		spec.Maps[name].MaxEntries = uint32(entries)
	}
}

func setConstants(spec *ebpf.CollectionSpec, c Config, cast bool) error {
	if !c.CloseModified {
		spec.Maps[bpfMapWritten].MaxEntries = 1
	}
	for name, value := range map[string]any{
		bpfVarCalls:       callTable(),
		bpfVarCompatCalls: compatTable(),
		bpfVarMaxFiles:    uint64(c.MaxFiles),
		bpfVarMaxProcs:    uint64(c.MaxProcesses),
		bpfVarRingBytes:   uint64(c.RingBytes),
		bpfVarUserSeed:    randomOdd(),
		bpfVarCountCloses: c.CloseModified,
		bpfVarHaveCast:    cast,
		bpfVarCloseNumber: uint32(unix.SYS_CLOSE),
	} {
		if err := spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("setting %s of the eBPF object: %w", name, err)
		}
	}
	return nil
}

func randomOdd() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.NativeEndian.Uint64(b[:]) | 1
}

// haveCast says whether the kernel has bpf_rdonly_cast (since 6.2).
func haveCast() (bool, error) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return false, fmt.Errorf("reading the kernel's type information: %w", err)
	}
	var f *btf.Func
	err = kernel.TypeByName("bpf_rdonly_cast", &f)
	if errors.Is(err, btf.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// attach starts the programs. The order matters: lifecycle first, so that no mark is left
// behind by a process that ends meanwhile.
func attach(o *bpfObjects, c Config) (links []link.Link, err error) {
	programs := []*ebpf.Program{o.OnExit, o.OnFork, o.OnExec, o.OnSysExit}
	if c.CloseModified {
		programs = append(programs, o.OnSysEnter)
	}
	for _, p := range programs {
		l, err := link.AttachTracing(link.TracingOptions{Program: p})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("attaching the eBPF programs: %w", err), detach(links))
		}
		links = append(links, l)
	}
	return links, nil
}

func detach(links []link.Link) (err error) {
	for _, l := range links {
		err = errors.Join(err, l.Close())
	}
	return err
}

// explain turns a failure to load into one that says what to do.
func explain(err error) error {
	for _, r := range Check() {
		if !r.OK {
			return fmt.Errorf("live events need %s (%s): %s. A recording can be replayed without it: %w",
				r.Name, r.Detail, r.Remedy, err)
		}
	}
	return fmt.Errorf("%w: the kernel meets the requirements but refuses; run `dmesg` and see whether a security policy objects", err)
}

// kernelPID is our pid as the kernel counts it, outside of all pid namespaces.
func kernelPID(o *bpfObjects) (uint32, error) {
	tgid, err := o.Whoami.Run(&ebpf.RunOptions{})
	if err != nil {
		return 0, fmt.Errorf("asking for our own pid: %w", err)
	}
	return tgid, nil
}

// startTicks is when a process began, in hundredths of a second since boot: field 22 of
// /proc/PID/stat (proc_pid_stat(5)).
func startTicks(pid int) (ticks uint64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("finding process %d: %w", pid, err)
	}
	// The name in the second field may hold anything, spaces and parentheses included.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	const start = 22 - 3
	if len(fields) <= start {
		return 0, fmt.Errorf("finding process %d: its stat file is cut off", pid)
	}
	if _, err := fmt.Sscan(fields[start], &ticks); err != nil {
		return 0, fmt.Errorf("reading the start of process %d: %w", pid, err)
	}
	return ticks, nil
}
