package synthetic

import (
	"crypto/sha256"

	"summarizer/esbridge"
)

// program is an executable as the operating system describes it.
type program struct{ path, origin, signingID, teamID string }

// desktop are the programs of a Mac: 20, the busiest first.
var desktop = []program{
	{"/System/Library/Frameworks/CoreServices.framework/Versions/A/Frameworks/Metadata.framework/Versions/A/Support/mds_stores", "platform", "com.apple.mds_stores", ""},
	{"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "team:EQHXZ8M8AV", "com.google.Chrome", "EQHXZ8M8AV"},
	{"/usr/libexec/logd", "platform", "com.apple.logd", ""},
	{"/Applications/Slack.app/Contents/MacOS/Slack", "team:BQR82RBBHL", "com.tinyspeck.slackmacgap", "BQR82RBBHL"},
	{"/Applications/Visual Studio Code.app/Contents/MacOS/Electron", "team:UBF8T346G9", "com.microsoft.VSCode", "UBF8T346G9"},
	{"/usr/libexec/trustd", "platform", "com.apple.trustd", ""},
	{"/System/Cryptexes/App/System/Applications/Safari.app/Contents/MacOS/Safari", "platform", "com.apple.Safari", ""},
	{"/System/Library/PrivateFrameworks/CloudDocsDaemon.framework/Versions/A/Support/bird", "platform", "com.apple.bird", ""},
	{"/usr/sbin/cfprefsd", "platform", "com.apple.cfprefsd", ""},
	{"/Applications/Docker.app/Contents/MacOS/com.docker.backend", "team:9BNSXJN65R", "com.docker", "9BNSXJN65R"},
	{"/usr/libexec/nsurlsessiond", "platform", "com.apple.nsurlsessiond", ""},
	{"/Applications/Spotify.app/Contents/MacOS/Spotify", "team:2FNC3A47ZF", "com.spotify.client", "2FNC3A47ZF"},
	{"/opt/homebrew/bin/node", "unsigned", "node", ""},
	{"/opt/homebrew/Cellar/git/2.47.1/bin/git", "unsigned", "git", ""},
	{"/bin/zsh", "platform", "com.apple.zsh", ""},
	{"/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder", "platform", "com.apple.finder", ""},
	{"/Applications/zoom.us.app/Contents/MacOS/zoom.us", "team:BJ4HAAB9B3", "us.zoom.xos", "BJ4HAAB9B3"},
	{"/System/Library/PrivateFrameworks/PhotoAnalysis.framework/Versions/A/Support/photoanalysisd", "platform", "com.apple.photoanalysisd", ""},
	{"/usr/libexec/syspolicyd", "platform", "com.apple.syspolicyd", ""},
	{"/Users/alex/bin/sync-notes", "unsigned", "sync-notes", ""},
}

// directories are where the programs of desktop write; with the name of a file in them paths
// are about 80 bytes long.
var directories = []string{
	"/Users/alex/Library/Caches/com.apple.Safari/WebKitCache/Version 17/Records/",
	"/Users/alex/Library/Application Support/Google/Chrome/Default/Cache/Cache_Data/",
	"/Users/alex/Library/Application Support/Slack/IndexedDB/https_app.slack.com_0/",
	"/Users/alex/Library/Application Support/Code/User/workspaceStorage/",
	"/private/var/folders/x9/4kq2w7rn5zj3v8bdm1tc6ylh0000gn/T/",
	"/private/var/db/diagnostics/Persist/",
	"/Users/alex/src/shop/node_modules/.cache/babel-loader/",
	"/Users/alex/Library/Mobile Documents/com~apple~CloudDocs/",
	"/System/Volumes/Data/.Spotlight-V100/Store-V2/5E2C/",
	"/Users/alex/Library/Preferences/",
}

var extensions = []string{".db-wal", ".json", ".log", ".plist", ".js", ".tmp", ".sqlite", ".md"}

// diary is the program that writes QuietPath.
var diary = program{QuietProgram, "platform", "com.apple.Notes", ""}

// attacker is what the attacks are run by.
var attacker = program{"/private/tmp/.cache/evil", "unsigned", "evil", ""}

// process returns an execution of p. Its pid and version are those of a machine that numbers
// processes from 100 on.
func process(p program, n uint64) esbridge.Process {
	hash := sha256.Sum256([]byte(p.path))
	proc := esbridge.Process{
		PPID: 1, EUID: 501, Executable: []byte(p.path), CDHash: hash[:20],
		SigningID: []byte(p.signingID), TeamID: []byte(p.teamID), Origin: []byte(p.origin),
	}
	number(&proc, n)
	return proc
}

// The pids of a Mac are 100 to 99998 here; then they go round, and the version tells the
// executions under one pid apart.
const firstPID, lastPID = 100, 99998

// number makes p the n-th execution on the machine.
func number(p *esbridge.Process, n uint64) {
	p.PID = int32(firstPID + n%(lastPID-firstPID+1))
	p.ResponsiblePID = p.PID
	p.Version = n + 1
	p.Start = Epoch - 3600e9 + int64(n)*1000
}

// population returns n processes of the programs in turn.
func population(programs []program, n int) []esbridge.Process {
	procs := make([]esbridge.Process, n)
	for i := range procs {
		procs[i] = process(programs[i%len(programs)], uint64(i))
	}
	return procs
}

// file writes the path of the id-th file of a desktop.
func (g *generator) file(id uint64) []byte {
	at := g.mark()
	g.text(directories[id%uint64(len(directories))])
	g.number(id % 256)
	g.text("/")
	g.hex(id)
	g.text(extensions[id/7%uint64(len(extensions))])
	return g.cut(at)
}
