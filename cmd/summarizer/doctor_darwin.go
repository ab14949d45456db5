package main

import (
	"fmt"
	"os"
	"os/exec"
)

const defaultSource = "eslogger"

// requirements are those of eslogger(1).
func requirements() []requirement {
	return []requirement{needTool(), needRoot(), needFullDiskAccess()}
}

func needTool() requirement {
	r := requirement{Name: "eslogger", Remedy: "eslogger comes with macOS 13: upgrade macOS"}
	path, err := exec.LookPath("/usr/bin/eslogger")
	if err != nil {
		r.Detail = err.Error()
		return r
	}
	return requirement{Name: r.Name, OK: true, Detail: path}
}

func needRoot() requirement {
	if os.Geteuid() == 0 {
		return requirement{Name: "root", OK: true, Detail: "this process runs as root"}
	}
	return requirement{
		Name: "root", Detail: fmt.Sprintf("this process runs as uid %d", os.Geteuid()),
		Remedy: "run it with sudo",
	}
}

// privacyDatabase can be read by root only with Full Disk Access.
const privacyDatabase = "/Library/Application Support/com.apple.TCC/TCC.db"

func needFullDiskAccess() requirement {
	f, err := os.Open(privacyDatabase)
	if err != nil {
		return requirement{
			Name: "Full Disk Access", Detail: err.Error(),
			Remedy: "as root, grant it in System Settings > Privacy & Security > Full Disk Access to the application that started this program (Terminal, or sshd-keygen-wrapper for a remote login), and start it anew",
		}
	}
	f.Close()
	return requirement{Name: "Full Disk Access", OK: true, Detail: "protected files can be read"}
}
