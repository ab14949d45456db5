//go:build linux || darwin

package native

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// load opens a library and finds addresses in it.
func load(library string, names ...string) (map[string]uintptr, error) {
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w; check that this macOS is 13 or later", library, err)
	}
	found := map[string]uintptr{}
	for _, name := range names {
		if found[name], err = purego.Dlsym(handle, name); err != nil {
			return nil, fmt.Errorf("finding %s in %s: %w; check that this macOS is 13 or later", name, library, err)
		}
	}
	return found, nil
}
