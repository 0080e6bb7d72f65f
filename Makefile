# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each target calls a script of scripts/ or lab/, which can also be called directly. Builds keep their own state, so a
# target that is up to date takes a second.

PREFIX ?= /usr/local
HOST ?=
ADAPTER ?=
NAMES ?= qemu seabios
SECONDS ?= 60
MILLIONS ?= 50
BUILD := $(or $(VGA_ASSIGN_BUILD),build)

.DEFAULT_GOAL := help

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: PREFIX= HOST= ADAPTER= SECONDS= MILLIONS= T= TOPIC= QEMU_SRC= SEABIOS_SRC= JOBS= VGA_ASSIGN_CACHE= (scripts/*, --help)"

deps: ## install the Debian packages that are missing, as root or with sudo; scripts/deps --print only lists them
	@scripts/deps

# Each build does the same first, if it needs no password.
auto-deps:
	@scripts/deps --auto

full-deps:
	@scripts/deps --auto --full

qemu: auto-deps ## build the patched QEMU with its firmware: build/qemu/qemu-system-x86_64
	@scripts/build qemu

qemu-full: full-deps ## build the patched QEMU with all features of Debian's, for install and deb: build/qemu-full
	@scripts/build qemu-full

qemu-base: auto-deps ## build the unpatched release, for comparisons: build/qemu-base/qemu-system-x86_64
	@scripts/build qemu-base

seabios: auto-deps ## build SeaBIOS and the VGA BIOSes: build/seabios
	@scripts/build seabios

seabios-base: auto-deps ## build SeaBIOS's unpatched release, for comparisons: build/base/seabios/bios-256k.bin
	@scripts/build seabios-base

tool: auto-deps ## build the host tool: build/tool/tools/vga-assign/vga-assign
	@scripts/build tool

series: ## write the patches as mails for git am, and for quilt, to build/series; TOPIC=rom: one topic and those it needs
	@scripts/export $(if $(TOPIC),--topic $(TOPIC),$(NAMES))

install: install-qemu install-tool ## install the patched QEMU with its firmware, and vga-assign, below PREFIX= (/usr/local)

install-qemu: full-deps
	@scripts/build install "$(PREFIX)"

install-tool: auto-deps
	@scripts/build install-tool "$(PREFIX)"

deb: full-deps ## make Debian packages of QEMU, its modules and the tool: build/deb/*.deb
	@scripts/deb

srcpkg: ## make Debian's own source package of QEMU with the series in it: build/srcpkg/*.dsc
	@scripts/srcpkg

dist: ## make an archive of this repository, with recipes for packages of Fedora, Arch Linux and Nix beside it: build/dist
	@scripts/dist

check-deb: deps ## build, install, upgrade and purge the packages of deb in clean chroots (SUITES="bookworm trixie"), as root; an hour each
	@scripts/check-deb $(SUITES)

check: auto-deps ## build everything and run all tests: unit tests, qtests, the rules of the series, the lab
	@scripts/test

check-quick: auto-deps ## run the tests without the lab, SeaBIOS and the long oracle: minutes once QEMU is built
	@scripts/test --quick

test: auto-deps ## run the tests of T="NAME[:CASE] ..." after building what they need; scripts/test --list prints the names
	@$(if $(T),scripts/test $(T),echo "usage: make test T=name[:case]; scripts/test --list names the tests"; exit 2)

bench: auto-deps ## measure what VGA accesses, interrupts and served adapters cost: build/bench/{speed,msi,felt}.rst
	@scripts/build qemu
	@scripts/build qemu-base
	@scripts/build seabios
	@tests/lab/speed-bench.py
	@tests/lab/msi-bench.py
	@tests/lab/felt-bench.py

check-others: auto-deps ## run upstream's tests of displays and devices on hppa and mipsel (another build)
	@scripts/check-others

check-guests: auto-deps ## compare pictures of boot loaders and Linux on an emulated adapter and on the same one assigned; takes hours
	@scripts/build qemu
	@tests/guests/guests-test.py all

check-asan: auto-deps ## run the tests about vfio and VGA with AddressSanitizer and UBSan (another build)
	@scripts/check-asan

check-each: auto-deps ## build and test after each patch of the series; takes hours, goes on where it was interrupted
	@scripts/check-each

check-topics: auto-deps ## build and test each topic of the series with only the topics it needs; TOPIC=rom: one of them
	@scripts/check-each --topics $(TOPIC)

check-fuzz: deps ## fuzz the VBIOS parser, vfio-user and a guest for SECONDS= (60) each, with ASan and UBSan
	@scripts/fuzz vbios $(SECONDS)
	@scripts/fuzz wire $(SECONDS)
	@scripts/fuzz guest $(SECONDS)

check-soak: auto-deps ## compare ways of legacy VGA accesses with random seeds, MILLIONS= (50) for each; goes on where it was interrupted
	@scripts/soak $(MILLIONS)

coverage-vbios: auto-deps ## print the lines of the VBIOS parser that its unit test runs
	@scripts/fuzz coverage

html: auto-deps ## make the manual as HTML with Sphinx, in seconds: build/html/vga-assign.html
	@scripts/html

check-series: ## check only the rules of the series: overlay, hooks, checkpatch, git am
	@scripts/check $(NAMES)

# What the machine's adapter lacks, and a wrong word, are reported before the build.
demo-options = $(if $(HOST),--host "$(HOST)") $(if $(ADAPTER),--adapter "$(ADAPTER)")
demo: export VGA_ASSIGN_PROGRESS = 1
demo: ## boot a guest on an assigned VGA adapter without any hardware; HOST=01:00.0: a real one; ADAPTER=vfio-user: a served one
	@$(if $(HOST)$(ADAPTER),lab/demo --check $(demo-options))
	@lab/demo --plan $(demo-options)
	@scripts/deps --auto
	@scripts/build qemu
	@lab/demo $(demo-options)

clean: ## remove what was built, but not the sources and the download cache
	rm -rf $(addprefix $(BUILD)/,qemu qemu-base qemu-full deb dist srcpkg html base/qemu base/seabios seabios tool tests series lab)

distclean: ## remove build/, unless build/src has work of yours; the download cache stays
	@scripts/build distclean

.PHONY: help bench test check-quick deps auto-deps full-deps qemu qemu-full qemu-base seabios seabios-base tool series install install-qemu install-tool deb srcpkg dist check-deb check check-asan check-others check-each check-topics check-guests check-fuzz check-soak coverage-vbios html check-series demo clean distclean
