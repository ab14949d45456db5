# What a developer and CI run. Every target installs what it needs through Go modules; the
# pinned tools live in .tools/, apart from the program's own dependencies.
#
#   make run        summarise this machine (root on Linux; otherwise it says what is missing)
#   make test       all tests
#   make check      what CI runs
#   make long       the tests of long times with their full numbers
#   make times      queries held to their times; on a quiet machine
#   make compare    the tables of docs/benchmarks.md
#   make naive      docs/naive.svg: one message per event beside summarizer
#   make library    bin/libsummarizer.a and .so for C, Swift and Objective-C (docs/embedding.md)
#   make bundle     bin/Summarizer.app, to be signed on a Mac (docs/macos.md)
#   make screenshots  the pictures of docs/dashboard.md, taken by Chromium
#   make bench fuzz generate build help

GO        ?= go
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
FUZZTIME  ?= 10s
BENCH     ?= .
VULNDB    ?= https://vuln.go.dev

# The race detector needs cgo and a C compiler; Go turns cgo off where there is none.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

# The committed eBPF bytecode comes from this clang (Debian 12); others give other bytes.
CLANG := 14

# What generators write.
GENERATED = $(shell git ls-files -co --exclude-standard '*.pb.go' '*_bpfel.go' '*_bpfeb.go' '*_bpfel.o' '*_bpfeb.o')
tool      = $(GO) tool -modfile=.tools/$(1).mod $(1)

.PHONY: run build test long times check fmt vet lint cross generated proto vuln bench compare naive fuzz generate library bundle screenshots help

run: build
	bin/summarizer run

build:
	$(GO) build -trimpath -o bin/summarizer ./cmd/summarizer

test:
	@$(if $(RACE),,echo "no C compiler: testing without the race detector")
	$(GO) test $(RACE) -shuffle=on ./...

# What the race detector makes ten times slower: under it these tests do a part.
long:
	$(GO) test -v -run '^TestPageInTime$$' ./summaries/store -times=3
	$(GO) test -p 1 -run '^(TestMemoryWithDeadHosts|TestTenThousandWindows|TestNightWithoutHost)$$' ./summaries/transport/... ./cmd/summarizer

# What a page asks for is answered in time. make long, which must pass on any machine, allows
# three times as much.
times:
	$(GO) test -v -run '^TestPageInTime$$' ./summaries/store -times=1

# The tests come last, so that their verdict is what one sees.
check: fmt vet lint proto generated cross vuln long test

fmt:
	@files=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$files" ]; then echo "run gofmt -w on:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./...
	$(GO) -C .compare vet ./...

lint:
	$(call tool,golangci-lint) run ./...

# Frames that any committed schema describes stay readable.
proto:
	$(call tool,buf) lint
	@set -e; for rev in $$(git log --format=%h -- summaries/proto); do \
		echo "comparing the schema with that of $$rev"; \
		rm -rf .cache/schema; mkdir -p .cache/schema; \
		git archive $$rev buf.yaml summaries/proto | tar -x -C .cache/schema; \
		$(call tool,buf) breaking --against .cache/schema; \
	done

cross:
	@set -e; for p in $(PLATFORMS); do \
		echo "building for $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./...; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath ./...; \
	done

# What a host in another language links, with its header and module map.
library:
	$(GO) build -trimpath -buildmode=c-archive -o bin/libsummarizer.a ./cmd/summarizer/library
	$(GO) build -trimpath -buildmode=c-shared -o bin/libsummarizer.so ./cmd/summarizer/library
	rm -f bin/libsummarizer.h
	cp cmd/summarizer/library/summarizer.h cmd/summarizer/library/module.modulemap bin/

# The app-like bundle that an entitled daemon has to live in, with all but signature and
# provisioning profile. On a Mac, BUNDLE_CGO=1 makes the handlers C.
BUNDLE      := bin/Summarizer.app
BUNDLE_ARCH ?= arm64
TEAM        ?= ABCDE12345
VERSION     ?= 0.0.0

bundle:
	rm -rf $(BUNDLE)
	mkdir -p $(BUNDLE)/Contents/MacOS $(BUNDLE)/Contents/Library/LaunchDaemons
	CGO_ENABLED=$(or $(BUNDLE_CGO),0) GOOS=darwin GOARCH=$(BUNDLE_ARCH) $(GO) build -trimpath -o $(BUNDLE)/Contents/MacOS/summarizer ./cmd/summarizer
	sed 's/0\.0\.0/$(VERSION)/' docs/deploy/macos/Info.plist > $(BUNDLE)/Contents/Info.plist
	cp docs/deploy/macos/org.summarizer.agent.plist $(BUNDLE)/Contents/Library/LaunchDaemons/
	for f in summarizer.entitlements summarizer.mobileconfig; do sed 's/ABCDE12345/$(TEAM)/g' docs/deploy/macos/$$f > bin/$$f; done
	@echo "$(BUNDLE) is not signed: docs/macos.md says how"

generate:
	$(GO) generate ./...

generated:
	@set -e; before=$$(cat $(GENERATED) | cksum); \
	$(GO) generate ./summaries/...; \
	if clang --version 2>/dev/null | grep -q 'version $(CLANG)\.'; then $(GO) generate ./esbridge/...; \
	else echo "skipped: the eBPF bytecode is rebuilt and compared with clang $(CLANG) only"; fi; \
	if [ "$$before" != "$$(cat $(GENERATED) | cksum)" ]; then \
		echo "generated code was out of date; commit what changed:"; git status --short $(GENERATED); exit 1; \
	fi

vuln:
	@if curl -sfm 5 -o /dev/null $(VULNDB)/index/db.json; then \
		$(call tool,govulncheck) -db $(VULNDB) ./...; \
	else echo "skipped: the vulnerability database cannot be reached"; fi

bench:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

# What is compared with has its own module, so that the program does not depend on it.
compare:
	$(GO) -C .compare test .
	$(GO) -C .compare run .

naive:
	$(GO) -C .compare run ./naive

# Every fuzz target for a short time, one after the other: go test takes one at a time.
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$pkg; \
		done; \
	done

# From the same events on every run.
screenshots:
	$(GO) test ./summaries/dashboard -count=1 -run '^TestScreenshots$$' -screenshots $(CURDIR)/docs/screenshots

help:
	@sed -n '/^#   make/s/^# *//p' Makefile
