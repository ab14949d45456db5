package xpc

import (
	"fmt"

	"github.com/ebitengine/purego"
	"github.com/ebitengine/purego/objc"
)

const systemLibrary = "/usr/lib/libSystem.B.dylib"

// From <xpc/connection.h>.
const machServiceListener = 1 // XPC_CONNECTION_MACH_SERVICE_LISTENER

// library is libxpc. Objects are addresses.
type library struct {
	createMachService func(name string, queue uintptr, flags uint64) uintptr
	setEventHandler   func(connection uintptr, handler objc.Block)
	setRequirement    func(connection uintptr, requirement string) int32
	resume, cancel    func(connection uintptr)
	sendMessage       func(connection, message uintptr)
	sendBarrier       func(connection uintptr, barrier objc.Block)
	retain            func(object uintptr) uintptr
	release           func(object uintptr)
	getType           func(object uintptr) uintptr
	dictionaryCreate  func(keys, values, count uintptr) uintptr
	dictionarySetData func(dictionary uintptr, key string, bytes *byte, length uintptr)
	dictionaryGetData func(dictionary uintptr, key string, length *uintptr) *byte

	connectionType, dictionaryType uintptr // addresses that getType returns
}

func openLibrary() (*library, error) {
	handle, err := purego.Dlopen(systemLibrary, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", systemLibrary, err)
	}
	var l library
	for name, function := range map[string]any{
		"xpc_connection_create_mach_service": &l.createMachService, "xpc_connection_set_event_handler": &l.setEventHandler,
		"xpc_connection_set_peer_code_signing_requirement": &l.setRequirement,
		"xpc_connection_resume":                            &l.resume, "xpc_connection_cancel": &l.cancel,
		"xpc_connection_send_message": &l.sendMessage, "xpc_connection_send_barrier": &l.sendBarrier,
		"xpc_retain": &l.retain, "xpc_release": &l.release, "xpc_get_type": &l.getType,
		"xpc_dictionary_create": &l.dictionaryCreate, "xpc_dictionary_set_data": &l.dictionarySetData, "xpc_dictionary_get_data": &l.dictionaryGetData,
	} {
		address, err := find(handle, name)
		if err != nil {
			return nil, err
		}
		purego.RegisterFunc(function, address)
	}
	if l.connectionType, err = find(handle, "_xpc_type_connection"); err != nil {
		return nil, err
	}
	l.dictionaryType, err = find(handle, "_xpc_type_dictionary")
	return &l, err
}

func find(handle uintptr, name string) (uintptr, error) {
	address, err := purego.Dlsym(handle, name)
	if err != nil {
		return 0, fmt.Errorf("finding %s: %w; macOS 12 or later has it", name, err)
	}
	return address, nil
}
