package main

import (
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// escapeName makes a name from the outside safe to print: whoever chose it cannot move the
// cursor, set a colour, reverse the text or begin a line. What is not printable, and every
// byte that is not valid UTF-8, is written as Go writes it in a string literal.
func escapeName[S ~string | ~[]byte](name S) string {
	quoted := strconv.Quote(string(name))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// elide shortens s to at most width terminal cells by leaving out its middle: the beginning
// of a path says where a file is, the end which one. A width of 0 or less shortens nothing.
func elide(s string, width int) string {
	if width <= 0 || uniseg.StringWidth(s) <= width {
		return s
	}
	clusters, widths := splitClusters(s)
	head, tail, room := 0, len(clusters), width-1
	for fromHead := true; head < tail; fromHead = !fromHead {
		next := head
		if !fromHead {
			next = tail - 1
		}
		if widths[next] > room {
			break
		}
		room -= widths[next]
		if fromHead {
			head++
		} else {
			tail--
		}
	}
	return strings.Join(clusters[:head], "") + "…" + strings.Join(clusters[tail:], "")
}

// splitClusters cuts s into what a reader sees as characters, with the cells each takes up.
func splitClusters(s string) (clusters []string, widths []int) {
	state := -1
	for s != "" {
		var cluster string
		var width int
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		clusters, widths = append(clusters, cluster), append(widths, width)
	}
	return clusters, widths
}
