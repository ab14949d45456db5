package native

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// From <mach/task_info.h>: the flavor that tells an audit_token_t, and its length in words.
const (
	taskAuditToken      = 15
	taskAuditTokenCount = 8
)

const systemLibrary = "/usr/lib/libSystem.B.dylib"

// ownToken is the audit token of this process.
func ownToken() (token [8]uint32, err error) {
	system, err := load(systemLibrary, "mach_task_self_", "task_info")
	if err != nil {
		return token, err
	}
	var taskInfo func(task, flavor uint32, info *[8]uint32, count *uint32) int32
	purego.RegisterFunc(&taskInfo, system["task_info"])
	count := uint32(taskAuditTokenCount)
	if result := taskInfo(word(system["mach_task_self_"]), taskAuditToken, &token, &count); result != 0 {
		return token, fmt.Errorf("reading the audit token of this process: task_info failed with %d; report this", result)
	}
	return token, nil
}

// word is the 32 bits at an address of a library, which Go does not manage.
func word(address uintptr) uint32 { return **(**uint32)(unsafe.Pointer(&address)) }
