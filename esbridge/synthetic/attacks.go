package synthetic

import "summarizer/esbridge"

// distinctPaths is how many paths the distinct floods have; then they begin again.
const distinctPaths = 1_000_000

const floodProcesses = 1000

func attacks() []definition {
	return []definition{
		{"one-file-flood", 100_000, oneFileFlood, exactly(1, 1, 1)},
		{"many-process-flood", 100_000, manyProcessFlood, exactly(1, floodProcesses, floodProcesses)},
		{"distinct-flood", 100_000, distinctFlood, exactly(1, 1, distinctPaths)},
		{"one-dir-per-file", 100_000, oneDirPerFile, exactly(1, 1, distinctPaths)},
		{"deep-paths", 100_000, deepPaths, exactly(1, 1, ^uint64(0))},
		{"fork-storm", 20_000, forkStorm, exactly(1, ^uint64(0), ^uint64(0))},
		{"executable-storm", 20_000, executableStorm, exactly(^uint64(0), ^uint64(0), ^uint64(0))},
		{"hidden-heavy-hitter", 100_000, hiddenHeavyHitter, expectHidden},
		{"attack-mix", 100_000, attackMix, expectMix},
	}
}

// exactly expects each event to bring something new until there are so many.
func exactly(programs, processes, paths uint64) func(uint64) Expected {
	return func(n uint64) Expected {
		return Expected{Programs: min(programs, n), Processes: min(processes, n), Paths: min(paths, n)}
	}
}

// atMost expects no more than so many.
func atMost(programs, processes, paths uint64) func(uint64) Expected {
	return func(n uint64) Expected {
		return Expected{Programs: min(programs, n), Processes: min(processes, n), Paths: min(paths, n), AtMost: true}
	}
}

func oneFileFlood(*generator) shape {
	p := process(attacker, 4211)
	path := []byte("/private/tmp/.cache/out")
	return func(g *generator) { g.emit(esbridge.Write, &p, path) }
}

func manyProcessFlood(*generator) shape {
	procs, made := population([]program{attacker}, floodProcesses), uint64(0)
	return func(g *generator) {
		i := made % floodProcesses
		at := g.mark()
		g.text("/private/tmp/.cache/out-")
		g.number(i)
		g.emit(esbridge.Write, &procs[i], g.cut(at))
		made++
	}
}

// numbered is the i-th path of a flood in one directory.
func (g *generator) numbered(i uint64) []byte {
	at := g.mark()
	g.text("/private/var/folders/x9/4kq2w7rn5zj3v8bdm1tc6ylh0000gn/T/x/drop-")
	g.hex(i)
	g.text(".dat")
	return g.cut(at)
}

func distinctFlood(*generator) shape {
	p, made := process(attacker, 4211), uint64(0)
	return func(g *generator) {
		g.emit(esbridge.Write, &p, g.numbered(made%distinctPaths))
		made++
	}
}

func oneDirPerFile(*generator) shape {
	p, made := process(attacker, 4211), uint64(0)
	return func(g *generator) {
		at := g.mark()
		g.text("/private/var/folders/x9/4kq2w7rn5zj3v8bdm1tc6ylh0000gn/T/")
		g.hex(made % distinctPaths)
		g.text("/dropped-file.dat")
		g.emit(esbridge.Create, &p, g.cut(at))
		made++
	}
}

// The longest paths a system call takes: PATH_MAX less its zero byte. NAME_MAX bounds a part.
const macPathMax, linuxPathMax, nameMax = 1023, 4095, 255

// deepPaths cycles through many levels of short names, and few of long ones, as long as macOS
// and as long as Linux allow. The number at the head makes each path new.
func deepPaths(*generator) shape {
	p, made := process(attacker, 4211), uint64(0)
	return func(g *generator) {
		at := g.mark()
		g.text("/private/tmp/")
		g.hex(made)
		switch made % 4 {
		case 0:
			g.levels(at, 1+g.rng.IntN(2), 100+g.rng.IntN(900))
		case 1:
			g.levels(at, 1, macPathMax)
		case 2:
			g.levels(at, nameMax, macPathMax)
		default:
			g.levels(at, nameMax, linuxPathMax)
		}
		g.emit(esbridge.Write, &p, g.cut(at))
		made++
	}
}

// levels adds parts of the given length to the path that began at a mark until it has n bytes.
func (g *generator) levels(at, part, n int) {
	for i := 0; len(g.slab)-at < n; i++ {
		c := byte('d')
		if i%(part+1) == 0 && len(g.slab)-at < n-1 {
			c = '/'
		}
		g.slab = append(g.slab, c)
	}
}

func forkStorm(*generator) shape {
	p, made := process(attacker, 0), uint64(0)
	return func(g *generator) {
		child := g.mint(&p)
		number(child, made)
		child.PPID = 4211
		g.emit(esbridge.Create, child, g.numbered(made))
		made++
	}
}

func executableStorm(*generator) shape {
	p, made := process(attacker, 0), uint64(0)
	return func(g *generator) {
		at := g.mark()
		g.text("/private/tmp/.cache/stage/")
		g.hex(made)
		g.text("/evil")
		exe := g.cut(at)
		at = g.mark()
		for i := range 20 {
			g.slab = append(g.slab, byte(made>>(i%8*8))^byte(i*37))
		}
		child := g.mint(&p)
		child.CDHash, child.Executable = g.cut(at), exe
		number(child, made)
		g.emit(esbridge.Write, child, g.numbered(made))
		made++
	}
}

func hiddenHeavyHitter(*generator) shape {
	p, made, heavy := process(attacker, 4211), uint64(0), []byte(HeavyPath)
	return func(g *generator) {
		if made++; made%HeavyEvery == 0 {
			g.emit(esbridge.Write, &p, heavy)
			return
		}
		g.emit(esbridge.Write, &p, g.numbered((made-made/HeavyEvery-1)%distinctPaths))
	}
}

func expectHidden(n uint64) Expected {
	heavy := n / HeavyEvery
	return Expected{Programs: min(n, 1), Processes: min(n, 1), Paths: min(n-heavy, distinctPaths) + min(heavy, 1)}
}

func attackMix(g *generator) shape {
	background := zipfPairs(g)
	p, made, attacked := process(attacker, 0), uint64(0), uint64(0)
	var child *esbridge.Process
	return func(g *generator) {
		if made++; made%10 == 0 {
			background(g)
			return
		}
		// A process lives for ten events; it is minted again where the batch is a new one.
		if attacked%10 == 0 || len(g.minted) == 0 {
			child = g.mint(&p)
			number(child, zipfProcesses+attacked/10)
		}
		g.emit(esbridge.Write, child, g.numbered(attacked))
		attacked++
	}
}

func expectMix(n uint64) Expected {
	back := n / 10
	attack := n - back
	return Expected{
		Programs:  min(attack, 1) + min(back, uint64(len(desktop))),
		Processes: (attack+9)/10 + min(back, zipfProcesses),
		Paths:     attack + min(back, zipfPairCount),
		AtMost:    true,
	}
}
