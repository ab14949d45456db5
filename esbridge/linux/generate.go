package linux

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -tags linux -target amd64,arm64 -cflags "-O2 -g -Wall -Werror -mcpu=v3" -type record -type record_type -type slot -type op -type stamp bpf bpf/summarizer.bpf.c
