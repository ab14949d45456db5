//go:build linux

package linux

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"summarizer/esbridge"
)

// Writes of a 32-bit program are not decoded, but counted as skipped.
func TestThirtyTwoBitCallsAreCountedAsSkipped(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, write32(t), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	var pid int32
	r := watch(t, Config{}, func(*Source) {
		c := exec.Command(program)
		c.Stdout = out
		if err := c.Run(); err != nil {
			t.Skipf("SKIPPED, this kernel runs no 32-bit programs: %v", err)
		}
		pid = int32(c.Process.Pid)
	})
	if events := r.of(pid); len(events) != 0 {
		t.Errorf("reported %v", lines(events))
	}
	if n := r.tally.Malformed[esbridge.Unsupported]; n < 3 { // somebody else may run such programs
		t.Errorf("%d calls skipped, want at least 3", n)
	}
}

// write32 is a 32-bit program that writes three bytes to its output, one by one.
func write32(t *testing.T) []byte {
	const base = 0x08048000
	code := []byte{
		0xbe, 3, 0, 0, 0, // mov esi, 3
		0xb8, 4, 0, 0, 0, // again: mov eax, 4 (write)
		0xbb, 1, 0, 0, 0, // mov ebx, 1
		0xb9, 0, 0x80, 4, 8, // mov ecx, base
		0xba, 1, 0, 0, 0, // mov edx, 1
		0xcd, 0x80, // int 0x80
		0x4e,       // dec esi
		0x75, 0xe7, // jnz again
		0xb8, 1, 0, 0, 0, // mov eax, 1 (exit)
		0x31, 0xdb, // xor ebx, ebx
		0xcd, 0x80, // int 0x80
	}
	const headers = 52 + 32
	h := elf.Header32{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS32), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_386), Version: 1, Entry: base + headers,
		Phoff: 52, Ehsize: 52, Phentsize: 32, Phnum: 1,
	}
	size := uint32(headers + len(code))
	p := elf.Prog32{Type: uint32(elf.PT_LOAD), Vaddr: base, Filesz: size, Memsz: size, Flags: uint32(elf.PF_R | elf.PF_X), Align: 4096}
	var b bytes.Buffer
	for _, part := range []any{&h, &p, code} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}
