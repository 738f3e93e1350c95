# make run     install what is missing, build, start proxy and recommender
# make test    install what the tests need (servers and a browser), run everything
# make demo    the same client with and without the proxy, against the simulator, offline
# make try     proxy, recommender and a steady client in front of the simulator, offline, until Ctrl-C
# make accept  the acceptance tables with their figures, built as for `make run`
# make lint-ship  lint what ships beside the code: image, compose, units, Kubernetes, rules

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.PHONY: run test lint lint-ship fmt demo try accept deps servers build clean

# A C compiler and cmake build zlib-ng for the HTTP library; the certificates are for the upstream.
DEPS := cmake gcc g++ ca-certificates curl
# The tests start servers and a browser of their own; Valkey's server where the distribution has it.
SERVERS := redis-server postgresql chromium
SERVERS_IF_PACKAGED := valkey-server
# systemd brings systemd-analyze.
LINTERS := python3-venv systemd

# Installs those of the packages $(1) that are missing, and of $(2) those that are packaged as well.
define install
	missing=()
	absent() { ! dpkg -s "$$1" >/dev/null 2>&1; }
	for package in $(1); do
		if absent "$$package"; then missing+=("$$package"); fi
	done
	for package in $(2); do
		if absent "$$package" && apt-cache show "$$package" >/dev/null 2>&1; then missing+=("$$package"); fi
	done
	if [ "$${#missing[@]}" -gt 0 ]; then
		echo "installing: $${missing[*]}"
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo
		$$sudo apt-get update -q
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends "$${missing[@]}"
	fi
endef

deps:
	@$(call install,$(DEPS))
	command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }
	wanted=$$(sed -n 's/^rust-version = "\(.*\)"$$/\1/p' Cargo.toml)
	found=$$(rustc --version | cut -d ' ' -f 2)
	if ! printf '%s\n' "$$wanted" "$$found" | sort -CV; then
		echo "Rust $$wanted or newer is needed, this is $$found: rustup update stable" >&2
		exit 1
	fi

servers: deps
	@$(call install,$(SERVERS),$(SERVERS_IF_PACKAGED))

run: deps
	cargo build --locked --profile quick --bin recobeat-proxy --bin recobeat-recommender
	./target/quick/recobeat-recommender & recommender=$$!
	trap 'kill $$recommender 2>/dev/null || true' EXIT
	./target/quick/recobeat-proxy

build: deps
	cargo build --workspace --bins --all-features --locked

# The end-to-end tests drive the built binaries.
test: servers build
	cargo test --workspace --all-features --locked
	cargo test --package recobeat-ops --lib --locked

lint: deps
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	cargo clippy --package recobeat-ops --locked -- -D warnings

lint-ship:
	@$(call install,$(LINTERS))
	.ci/lint-ship

fmt:
	cargo fmt --all

demo: deps
	cargo build --locked --profile quick --bin recobeat-proxy --bin recobeat-sim --bin demo
	./target/quick/demo

try: deps
	cargo build --locked --profile quick --bin recobeat-proxy --bin recobeat-recommender --bin demo
	./target/quick/demo steady

accept: servers
	cargo build --locked --profile quick --workspace --bins
	./target/quick/accept $(ROWS)

clean:
	cargo clean
