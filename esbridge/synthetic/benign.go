package synthetic

import "summarizer/esbridge"

const (
	zipfProcesses = 300
	zipfPairCount = 1_000_000
)

func benign() []definition {
	return []definition{
		{"quiet-desktop", 20, quietDesktop, atMost(20, 60, 4000)},
		{"zipf", 100_000, zipfPairs, atMost(20, zipfProcesses, zipfPairCount)},
		{"compile", 2000, compile, expectCompile},
		{"unpack", 5000, unpack, func(n uint64) Expected { return exactly(1, 1, (n+2)/3)(n) }},
		{"backup", 3000, backup, func(n uint64) Expected { return exactly(1, 1, (n+2)/3)(n) }},
		{"browser", 200, browser, atMost(1, 12, 20_000+2)},
		{"indexer", 1000, indexer, exactly(1, 4, 40)},
	}
}

// zipfPairs are pairs of process and path, each path of one process.
func zipfPairs(*generator) shape {
	procs := population(desktop, zipfProcesses)
	return func(g *generator) {
		pair := g.zipf(zipfPairCount)
		g.emit(esbridge.Write, &procs[pair%zipfProcesses], g.file(pair))
	}
}

// quietDesktop is a machine nobody works at: logs, preferences and caches, now and then.
func quietDesktop(*generator) shape {
	procs := population(desktop, 60)
	return func(g *generator) {
		pair := g.zipf(2000)
		p, path := &procs[pair%60], g.file(pair)
		switch g.rng.IntN(20) {
		case 0:
			g.emit(esbridge.Create, p, path)
		case 1: // a safe save: the new file is renamed over the old one
			at := g.mark()
			g.slab = append(g.slab, path...)
			g.text(".sb-8f21c3")
			g.emitFrom(esbridge.Rename, p, path, g.cut(at))
		case 2:
			at := g.mark()
			g.slab = append(g.slab, path...)
			g.text("-journal")
			g.emit(esbridge.Unlink, p, g.cut(at))
		case 3:
			g.emit(esbridge.SetAttr, p, path)
		case 4, 5, 6:
			g.emit(esbridge.CloseModified, p, path)
		default:
			g.emit(esbridge.Write, p, path)
		}
	}
}

var toolchain = []program{
	{"/usr/lib/gcc/x86_64-linux-gnu/14/cc1", "system", "", ""},
	{"/usr/bin/x86_64-linux-gnu-as", "system", "", ""},
	{"/usr/bin/x86_64-linux-gnu-ld.bfd", "system", "", ""},
}

// linuxTools are programs of a Linux machine, and so have no code signature.
func linuxTools(programs []program) []esbridge.Process {
	procs := population(programs, len(programs))
	for i := range procs {
		p := &procs[i]
		p.CDHash, p.ResponsiblePID, p.EUID = nil, 0, 1000
		p.Device, p.Inode = 0x10301, 131_000+uint64(i)
	}
	return procs
}

// compile builds units: per unit a compiler process writes assembly, then an assembler
// process an object; every 50th unit is followed by a link.
func compile(*generator) shape {
	procs := linuxTools(toolchain)
	unit, made := uint64(0), 0
	return func(g *generator) {
		tool, kind, ext := 0, esbridge.Write, ".s"
		switch made {
		case 0:
			kind = esbridge.Create
		case 3:
			tool, kind, ext = 1, esbridge.Create, ".o"
		case 4:
			tool, ext = 1, ".o"
		case 5:
			tool, ext = 2, ".so"
		}
		p := g.mint(&procs[tool])
		number(p, unit*3+uint64(tool))
		p.ResponsiblePID = 0 // nobody knows it on Linux
		at := g.mark()
		g.text("/home/sam/src/engine/build/release/CMakeFiles/engine.dir/src/render/unit-")
		g.hex(unit)
		g.text(ext)
		g.emit(kind, p, g.cut(at))
		if made++; made == 5 && unit%50 != 49 || made == 6 {
			unit, made = unit+1, 0
		}
	}
}

// expectCompile counts per 50 units of 5 events, the last with one more.
func expectCompile(n uint64) Expected {
	full, rest := n/251, n%251
	units, part := min(rest/5, 49), rest-5*min(rest/5, 49)
	members := full*101 + units*2
	for _, begins := range []uint64{1, 4} { // the events with which .s and .o begin
		if part >= begins {
			members++
		}
	}
	programs := uint64(0)
	for _, first := range []uint64{1, 4, 251} {
		if n >= first {
			programs++
		}
	}
	return Expected{Programs: programs, Processes: members, Paths: members}
}

// three makes the events of one file after another: create, write, set its attributes.
func (g *generator) three(made uint64, p *esbridge.Process, path []byte) {
	g.emit([...]esbridge.Kind{esbridge.Create, esbridge.Write, esbridge.SetAttr}[made%3], p, path)
}

// unpack is tar extracting an archive of small files into nested directories.
func unpack(*generator) shape {
	procs, made := linuxTools([]program{{"/usr/bin/tar", "system", "", ""}}), uint64(0)
	return func(g *generator) {
		file, at := made/3, g.mark()
		g.text("/home/sam/Downloads/linux-6.12/drivers/net/ethernet/vendor-")
		g.number(file / 40)
		g.text("/module-")
		g.number(file / 8 % 5)
		g.text("/source-")
		g.number(file)
		g.text(".c")
		g.three(made, &procs[0], g.cut(at))
		made++
	}
}

// backup is rsync copying a home directory to a disk.
func backup(*generator) shape {
	procs, made := linuxTools([]program{{"/usr/bin/rsync", "system", "", ""}}), uint64(0)
	return func(g *generator) {
		file, at := made/3, g.mark()
		g.text("/media/sam/backup-disk/2026-01-02/home/sam/pictures/20")
		g.number(10 + file/900%16)
		g.text("/album-")
		g.number(file / 60)
		g.text("/IMG_")
		g.hex(file)
		g.text(".jpg")
		g.three(made, &procs[0], g.cut(at))
		made++
	}
}

// browser is a browser and its helpers filling a disk cache that is bounded, and appending
// to two databases.
func browser(*generator) shape {
	procs := population(desktop[1:2], 12)
	return func(g *generator) {
		p := &procs[g.zipf(12)]
		at := g.mark()
		g.text("/Users/alex/Library/Application Support/Google/Chrome/Default/")
		switch g.rng.IntN(4) {
		case 0:
			g.text("History-journal")
		case 1:
			g.text("Network/Cookies")
		default:
			g.text("Cache/Cache_Data/f_")
			g.hex(g.rng.Uint64N(20_000))
		}
		g.emit(esbridge.Write, p, g.cut(at))
	}
}

// indexer is four workers rewriting the ten files of an index each.
func indexer(*generator) shape {
	procs, made := population(desktop[:1], 4), uint64(0)
	return func(g *generator) {
		worker, file := made%4, made/4%10
		at := g.mark()
		g.text("/System/Volumes/Data/.Spotlight-V100/Store-V2/5E2C41A7-09D3/")
		g.number(worker)
		g.text(".index")
		g.number(file)
		g.text("Directory.shadow")
		g.emit(esbridge.Write, &procs[worker], g.cut(at))
		made++
	}
}
