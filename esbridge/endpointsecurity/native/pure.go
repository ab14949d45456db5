//go:build linux || (darwin && !cgo)

package native

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"summarizer/esbridge/endpointsecurity"
)

// pure is the transport of a build without cgo: its handlers are Go functions, which C calls
// through purego. It does what the other does, with the same records, and each event costs
// microseconds instead of nanoseconds; while the Go runtime is busy the handlers wait, and the
// kernel drops.
//
// The callbacks are never freed, and keep all of it, so a handler that runs after a failed Stop
// finds everything in its place.
type pure struct {
	*endpointsecurity.Collector
	library library
	clients [endpointsecurity.NumLanes]uintptr
	blocks  [endpointsecurity.NumLanes]*block
	pinner  runtime.Pinner // of the blocks: C keeps their addresses
}

// library is libEndpointSecurity.
type library struct {
	newClient        func(client *uintptr, handler *block) uint32
	deleteClient     func(client uintptr) uint32
	subscribe        func(client uintptr, events *uint32, count uint32) uint32
	unsubscribeAll   func(client uintptr) uint32
	muteProcess      func(client uintptr, token *[8]uint32) uint32
	mutePath         func(client uintptr, path string, kind uint32) uint32
	unmuteTargets    func(client uintptr) uint32
	invertMuting     func(client uintptr, kind uint32) uint32
	mutingInverted   func(client uintptr, kind uint32) uint32
	globalBlockClass uintptr
}

// From <EndpointSecurity/ESTypes.h>.
const (
	invertTargetPath = 2 // ES_MUTE_INVERSION_TYPE_TARGET_PATH
	isInverted       = 0 // ES_MUTE_INVERTED
	isNotInverted    = 1 // ES_MUTE_NOT_INVERTED
)

// openLibrary finds what pure calls. blocks is the library with the class of global blocks.
func openLibrary(path, blocks string) (l library, err error) {
	functions := map[string]any{
		"es_new_client": &l.newClient, "es_delete_client": &l.deleteClient, "es_subscribe": &l.subscribe,
		"es_unsubscribe_all": &l.unsubscribeAll, "es_mute_process": &l.muteProcess, "es_mute_path": &l.mutePath,
		"es_unmute_all_target_paths": &l.unmuteTargets, "es_invert_muting": &l.invertMuting, "es_muting_inverted": &l.mutingInverted,
	}
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	found, err := load(path, names...)
	if err != nil {
		return l, err
	}
	for name, function := range functions {
		purego.RegisterFunc(function, found[name])
	}
	classes, err := load(blocks, "_NSConcreteGlobalBlock")
	l.globalBlockClass = classes["_NSConcreteGlobalBlock"]
	return l, err
}

// openPure makes both clients, carries out the plan, and subscribes. The operating system
// thread must be that of Stop.
func openPure(c endpointsecurity.Config, l library) (*pure, error) {
	p := &pure{Collector: endpointsecurity.NewCollector(c), library: l}
	for lane := range p.clients {
		if result := p.newClient(endpointsecurity.Lane(lane)); result != 0 {
			_ = p.delete() // the first failure is the one to tell
			return nil, openError(result)
		}
	}
	err := carryOut(c.Plan.Calls, p.do)
	if err == nil {
		err = p.subscribe(c.WithDefaults().Events)
	}
	if err != nil {
		_ = p.delete()
		return nil, err
	}
	return p, nil
}

func (p *pure) newClient(lane endpointsecurity.Lane) (result uint32) {
	invoke := purego.NewCallback(func(_ *block, _, message uintptr) {
		p.Handle(lane, endpointsecurity.OwnMemory{}, uint64(message))
	})
	b := newBlock(p.library.globalBlockClass, invoke)
	p.pinner.Pin(b)
	p.pinner.Pin(b.descriptor)
	p.blocks[lane] = b
	return p.library.newClient(&p.clients[lane], b)
}

// subscribe begins with the steps of processes: one could be missed whose files are seen.
func (p *pure) subscribe(files []uint32) error {
	steps := endpointsecurity.LifecycleEvents()
	if p.library.subscribe(p.clients[endpointsecurity.Life], unsafe.SliceData(steps), uint32(len(steps))) != 0 ||
		p.library.subscribe(p.clients[endpointsecurity.Files], unsafe.SliceData(files), uint32(len(files))) != 0 {
		return errSubscribe
	}
	return nil
}

// Stop implements endpointsecurity.Transport.
func (p *pure) Stop(rest func()) error {
	err := p.delete()
	rest()
	if err == nil {
		p.Collector = nil // the callbacks would keep it for ever
	}
	return err
}

func (p *pure) delete() error {
	failed := false
	for lane, client := range p.clients {
		if client == 0 {
			continue
		}
		p.library.unsubscribeAll(client)
		if p.library.deleteClient(client) == 0 {
			p.clients[lane] = 0
		} else {
			failed = true
		}
	}
	if failed {
		return errDelete
	}
	p.pinner.Unpin()
	return nil
}

// do makes a call and returns its result (es_return_t), 0 for success.
func (p *pure) do(c endpointsecurity.Call) uint32 {
	client := p.clients[endpointsecurity.Files]
	if client == 0 { // deleted, while what has come is drained
		return 1
	}
	switch c.Op {
	case endpointsecurity.MuteProcess:
		return p.library.muteProcess(client, &c.Token)
	case endpointsecurity.UnmuteTarget:
		return p.library.unmuteTargets(client)
	case endpointsecurity.InvertTarget:
		switch p.library.mutingInverted(client, invertTargetPath) {
		case isInverted:
			return 0
		case isNotInverted:
			return p.library.invertMuting(client, invertTargetPath)
		}
		return 1 // it cannot tell: to invert what is inverted would turn it back
	default:
		return p.library.mutePath(client, c.Path, uint32(c.Type))
	}
}
