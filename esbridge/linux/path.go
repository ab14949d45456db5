package linux

import "bytes"

// cutMark stands for the upper part of a path that was too long to walk.
const cutMark = "/[...]"

// appendWalked appends the path that a walk from a file to the root found: names is the
// names on the way, innermost first, each ended by a NUL. The root itself is empty, so that
// names can be appended to what comes out.
func appendWalked(dst, names []byte, cut bool) []byte {
	if cut {
		dst = append(dst, cutMark...)
	}
	for len(names) > 0 {
		name := names[:len(names)-1]
		start := bytes.LastIndexByte(name, 0) + 1
		dst = append(dst, '/')
		dst = append(dst, name[start:]...)
		names = names[:start]
	}
	return dst
}

// appendArgument appends the path that a system call was given: an argument, and the
// directory it starts from as appendWalked takes it. It is cleaned without a look at the
// file system: "x/.." vanishes even where x was a symbolic link.
func appendArgument(dst, names, argument []byte, cut bool) []byte {
	root := len(dst)
	if len(argument) == 0 || argument[0] != '/' {
		dst = appendWalked(dst, names, cut)
	}
	for len(argument) > 0 {
		var name []byte
		name, argument, _ = bytes.Cut(argument, []byte{'/'})
		switch string(name) {
		case "", ".":
		case "..":
			dst = dst[:max(root, root+bytes.LastIndexByte(dst[root:], '/'))]
		default:
			dst = append(dst, '/')
			dst = append(dst, name...)
		}
	}
	return dst
}

// rooted gives the root its name.
func rooted(dst []byte, start int) []byte {
	if len(dst) == start {
		return append(dst, '/')
	}
	return dst
}
