# Both services in one small image: docker run … recobeat-proxy | recobeat-recommender
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin recobeat-proxy --bin recobeat-recommender \
    && cp target/release/recobeat-proxy target/release/recobeat-recommender /usr/local/bin/

FROM debian:bookworm-slim
# Without the certificates no upstream over HTTPS can be verified.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/recobeat recobeat
COPY --from=build /usr/local/bin/recobeat-proxy /usr/local/bin/recobeat-recommender /usr/local/bin/
COPY config /etc/recobeat
# Inside a container loopback is nobody's. The admin side stays on loopback until it has a token:
# RECOBEAT_ADMIN__LISTEN=0.0.0.0:9090 and RECOBEAT_ADMIN__TOKEN.
ENV RECOBEAT_CONFIG=/etc/recobeat/proxy.yaml \
    RECOBEAT_LISTEN=0.0.0.0:8080 \
    RECOMMENDER_LISTEN=0.0.0.0:8000
USER recobeat
WORKDIR /var/lib/recobeat
EXPOSE 8080 8000
CMD ["recobeat-proxy"]
