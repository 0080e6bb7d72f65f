# SPDX-License-Identifier: GPL-2.0-or-later
#
# The front door. Each target calls a script of scripts/ or lab/, which can be called alone as well.
# Builds keep their own state: what is up to date costs a second.

PREFIX ?= /usr/local
HOST ?=
ADAPTER ?=
NAMES ?= qemu seabios
SECONDS ?= 60
MILLIONS ?= 50
BUILD := $(or $(VGA_ASSIGN_BUILD),build)

.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: PREFIX= HOST= ADAPTER= SECONDS= MILLIONS= T= TOPIC= QEMU_SRC= SEABIOS_SRC= JOBS= VGA_ASSIGN_CACHE= (scripts/*, --help)"

deps: ## install the Debian packages that are missing (as root or by sudo); see scripts/deps --print
	@scripts/deps

# What each build does first: the same, where it can be done without asking.
auto-deps:
	@scripts/deps --auto

full-deps:
	@scripts/deps --auto --full

qemu: auto-deps ## the patched QEMU: build/qemu/qemu-system-x86_64
	@scripts/build qemu

qemu-full: full-deps ## the patched QEMU with all that Debian's has, as install and deb take it: build/qemu-full
	@scripts/build qemu-full

qemu-base: auto-deps ## the release, for comparisons: build/qemu-base/qemu-system-x86_64
	@scripts/build qemu-base

seabios: auto-deps ## SeaBIOS and the VGA BIOSes: build/seabios
	@scripts/build seabios

seabios-base: auto-deps ## SeaBIOS's release as it is, for comparisons: build/base/seabios/bios-256k.bin
	@scripts/build seabios-base

tool: auto-deps ## the host tool: build/tool/tools/vga-assign/vga-assign
	@scripts/build tool

series: ## the patches as complete mails for git am, and for quilt: build/series; TOPIC=rom a topic with what it stands on
	@scripts/export $(if $(TOPIC),--topic $(TOPIC),$(NAMES))

install: install-qemu install-tool ## PREFIX=/opt/x: the patched QEMU with its firmware, for libvirt's <emulator>, and vga-assign

install-qemu: full-deps
	@scripts/build install "$(PREFIX)"

install-tool: auto-deps
	@scripts/build install-tool "$(PREFIX)"

deb: full-deps ## Debian packages of QEMU, its modules and the tool: build/deb/*.deb
	@scripts/deb

srcpkg: ## Debian's own source package of QEMU with the series in debian/patches/vga-assign: build/srcpkg/*.dsc
	@scripts/srcpkg

check-deb: deps ## these built, installed, upgraded and purged in clean chroots (SUITES="bookworm trixie"), as root; an hour each
	@scripts/check-deb $(SUITES)

check: auto-deps ## everything: build all, unit tests, qtests, the rules of the series, the lab
	@scripts/test

check-quick: auto-deps ## the same without the lab, SeaBIOS and the long oracle: minutes once QEMU is built
	@scripts/test --quick

test: auto-deps ## T=name[:case] ...: build what these tests need, then run them; scripts/test --list names them
	@$(if $(T),scripts/test $(T),echo "usage: make test T=name[:case]; scripts/test --list names the tests"; exit 2)

bench: auto-deps ## what VGA accesses, interrupts and served adapters cost, by ratios: build/bench/{speed,msi,felt}.rst
	@scripts/build qemu
	@scripts/build qemu-base
	@scripts/build seabios
	@tests/lab/speed-bench.py
	@tests/lab/msi-bench.py
	@tests/lab/felt-bench.py

check-others: auto-deps ## upstream's tests of displays and devices on hppa and mipsel (a third build)
	@scripts/check-others

check-guests: auto-deps ## boot loaders and Linux on an assigned adapter, dot by dot as on the model itself; takes hours
	@scripts/build qemu
	@tests/guests/guests-test.py all

check-asan: auto-deps ## the tests about vfio and VGA under AddressSanitizer and UBSan (a second build)
	@scripts/check-asan

check-each: auto-deps ## each patch of the series built and tested alone, in order; takes hours, goes on where it was cut off
	@scripts/check-each

check-topics: auto-deps ## each topic of the series built and tested with no more than what it stands on (TOPIC=rom: one)
	@scripts/check-each --topics $(TOPIC)

check-fuzz: deps ## fuzzers of the VBIOS walker, of vfio-user and of a guest, a minute each (SECONDS=60), under ASan and UBSan
	@scripts/fuzz vbios $(SECONDS)
	@scripts/fuzz wire $(SECONDS)
	@scripts/fuzz guest $(SECONDS)

check-soak: auto-deps ## the oracle of legacy VGA accesses by random seeds: MILLIONS=50 a tier; goes on where it was cut off
	@scripts/soak $(MILLIONS)

coverage-vbios: auto-deps ## what of the VBIOS walker its unit test runs, in lines
	@scripts/fuzz coverage

check-series: ## the rules of the series alone: overlay, hooks, checkpatch, git am
	@scripts/check $(NAMES)

# What an adapter of the machine lacks is reported before the build.
demo: export VGA_ASSIGN_PROGRESS = 1
demo: ## a guest on an assigned VGA adapter; HOST=01:00.0 a real one, ADAPTER=vfio-user a served one
	@$(if $(HOST),lab/demo --check --host "$(HOST)")
	@scripts/deps --auto
	@scripts/build qemu
	@lab/demo $(if $(HOST),--host "$(HOST)") $(if $(ADAPTER),--adapter "$(ADAPTER)")

clean: ## remove what was built; the sources and the download cache stay
	rm -rf $(addprefix $(BUILD)/,qemu qemu-base qemu-full deb srcpkg base/qemu base/seabios seabios tool tests series lab)

distclean: ## remove build/ altogether, unless build/src has work of yours; the download cache stays
	@scripts/build distclean

.PHONY: help bench test check-quick deps auto-deps full-deps qemu qemu-full qemu-base seabios seabios-base tool series install install-qemu install-tool deb srcpkg check-deb check check-asan check-others check-each check-topics check-guests check-fuzz check-soak coverage-vbios check-series demo clean distclean
