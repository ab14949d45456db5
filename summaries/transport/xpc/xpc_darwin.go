package xpc

import (
	"fmt"
	"net"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego/objc"
)

// messageKey is where a message has its bytes.
const messageKey = "bytes"

// Listen takes connections to a Mach service that launchd lets this process have. Closing the
// listener stops the service, not its connections. That launchd knows no such service shows in
// Accept.
func Listen(c Config) (net.Listener, error) {
	c, err := c.validate()
	if err != nil {
		return nil, fmt.Errorf("listening on an XPC service: %w", err)
	}
	lib, err := openLibrary()
	if err != nil {
		return nil, fmt.Errorf("listening on XPC service %s: %w", c.Service, err)
	}
	l := newListener(c.Service)
	service := lib.createMachService(c.Service, 0, machServiceListener)
	handler := objc.NewBlock(func(_ objc.Block, event uintptr) {
		if lib.getType(event) != lib.connectionType {
			l.fail(fmt.Errorf("XPC service %s ended: list it under MachServices in the property list of the daemon, and let launchd start this program", c.Service))
			return
		}
		if peer, err := lib.connect(lib.retain(event), c); err == nil {
			l.offer(peer)
		}
	})
	l.end = func() { lib.cancel(service) }
	lib.setEventHandler(service, handler)
	lib.resume(service)
	return l, nil
}

// Dial connects to the Mach service of an agent. That there is none, or that it does not fulfil
// the requirement, shows when the connection is used.
func Dial(c Config) (net.Conn, error) {
	c, err := c.validate()
	if err != nil {
		return nil, fmt.Errorf("connecting to an XPC service: %w", err)
	}
	lib, err := openLibrary()
	if err != nil {
		return nil, fmt.Errorf("connecting to XPC service %s: %w", c.Service, err)
	}
	return lib.connect(lib.createMachService(c.Service, 0, 0), c)
}

// peer is an XPC connection.
type peer struct {
	*library
	object           uintptr
	handler, barrier objc.Block

	mu   sync.Mutex
	sent func() // of the message in flight
}

// connect makes a conn of an XPC connection that has not been resumed, of which the caller
// hands over a reference. The requirement is there before the first message can come.
func (lib *library) connect(object uintptr, c Config) (*conn, error) {
	p := &peer{library: lib, object: object}
	stream := newConn(c.Service, c.FrameSize, p)
	var ended sync.Once
	p.handler = objc.NewBlock(func(_ objc.Block, event uintptr) {
		if lib.getType(event) == lib.dictionaryType {
			stream.received(lib.bytesOf(event))
			return
		}
		// Interrupted or invalid: a stream that lost its other end is no stream any more. After
		// cancel the system says so too, once, and calls this no more.
		stream.end()
		ended.Do(func() { go p.free(&stream.pumps) })
	})
	p.barrier = objc.NewBlock(func(objc.Block) { p.handedOver() })
	lib.setEventHandler(object, p.handler)
	result := lib.setRequirement(object, c.Requirement)
	if result != 0 {
		_ = stream.Close()
		lib.resume(object) // who cancels one that was never resumed may not release it
		return nil, fmt.Errorf("XPC service %s: the requirement %q was refused (%d): check it with csreq -r", c.Service, c.Requirement, result)
	}
	stream.start()
	lib.resume(object)
	return stream, nil
}

// bytesOf is the data of a message, which is valid as long as that; nil where it has none.
func (lib *library) bytesOf(message uintptr) []byte {
	var n uintptr
	b := lib.dictionaryGetData(message, messageKey, &n)
	if b == nil {
		return nil
	}
	return unsafe.Slice(b, n)
}

// send implements link.
func (p *peer) send(b []byte, sent func()) {
	p.mu.Lock()
	p.sent = sent
	p.mu.Unlock()
	message := p.dictionaryCreate(0, 0, 0)
	p.dictionarySetData(message, messageKey, unsafe.SliceData(b), uintptr(len(b)))
	p.sendMessage(p.object, message)
	p.release(message)
	p.sendBarrier(p.object, p.barrier)
}

func (p *peer) handedOver() {
	p.mu.Lock()
	sent := p.sent
	p.sent = nil
	p.mu.Unlock()
	if sent != nil {
		sent()
	}
}

// cancel implements link.
func (p *peer) cancel() { p.library.cancel(p.object) }

// free lets go of the connection when nobody sends any more. libxpc holds what it still needs.
func (p *peer) free(pumps *sync.WaitGroup) {
	pumps.Wait()
	p.release(p.object)
	p.handler.Release()
	p.barrier.Release()
}
