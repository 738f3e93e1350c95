# syntax=docker/dockerfile:1
# Both services in one image; two targets that differ in what they run and how they are asked after.
#
#   docker build -t recobeat-proxy .
#   docker build -t recobeat-recommender --target recommender .
#
# Dependencies are a layer of their own, made from the manifests alone: a changed source file builds only
# the crates of this workspace and needs no network.

FROM rust:1.95.0-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# What the workspace is made of, with empty crates in the places of ours.
COPY Cargo.toml Cargo.lock ./
COPY config/ops/Cargo.toml config/ops/
COPY proxy/Cargo.toml proxy/
COPY recommender/Cargo.toml recommender/
COPY tests/Cargo.toml tests/
RUN mkdir -p config/ops/src proxy/src recommender/src tests/simulator \
    && touch config/ops/src/lib.rs proxy/src/lib.rs recommender/src/lib.rs tests/simulator/lib.rs \
    && echo "fn main() {}" > proxy/src/main.rs \
    && cp proxy/src/main.rs recommender/src/main.rs
# Everything is built with traces: they cost nothing until telemetry.otlp_endpoint is set.
ENV FEATURES="--features recobeat-proxy/otlp,recobeat-recommender/otlp"
# hadolint ignore=DL3059,SC2086
RUN cargo build --release --locked -p recobeat-proxy -p recobeat-recommender $FEATURES
COPY config config
COPY proxy proxy
COPY recommender recommender
# Cargo goes by times, and what was copied is older than the empty crates that were built.
# hadolint ignore=SC2086
RUN touch config/ops/src/lib.rs proxy/src/lib.rs proxy/src/main.rs recommender/src/lib.rs recommender/src/main.rs \
    && cargo build --release --locked --offline -p recobeat-proxy -p recobeat-recommender $FEATURES

FROM debian:12.11-slim AS runtime
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="recobeat" \
      org.opencontainers.image.description="A caching, batching, rate-keeping proxy for the RecoBeat API, and a recommender behind it" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
# Without the certificates no upstream over HTTPS can be verified.
# The ids are fixed so that the owner of a volume is the same in every build.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 recobeat \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/recobeat --shell /usr/sbin/nologin recobeat \
    && install -d -o 10001 -g 10001 /var/lib/recobeat /var/lib/recobeat/data
COPY --from=build /src/target/release/recobeat-proxy /src/target/release/recobeat-recommender /usr/local/bin/
COPY config/proxy.yaml config/recommender.yaml /etc/recobeat/
# Inside a container loopback is nobody's, so clients are served on all addresses. The admin side stays on
# loopback until it has a token: RECOBEAT_ADMIN__LISTEN=0.0.0.0:9090 with RECOBEAT_ADMIN__TOKEN.
ENV RECOBEAT_CONFIG=/etc/recobeat/proxy.yaml \
    RECOBEAT_LISTEN=0.0.0.0:8080 \
    RECOMMENDER_CONFIG=/etc/recobeat/recommender.yaml \
    RECOMMENDER_LISTEN=0.0.0.0:8000
USER 10001:10001
WORKDIR /var/lib/recobeat
# data/cache.redb of the proxy, data/recommender.db of the recommender; unused with Redis and PostgreSQL.
VOLUME /var/lib/recobeat/data
STOPSIGNAL SIGTERM

FROM runtime AS recommender
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=40s CMD ["recobeat-recommender", "health"]
CMD ["recobeat-recommender"]

FROM runtime AS proxy
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["recobeat-proxy", "health"]
CMD ["recobeat-proxy"]
