# One static binary in an empty image. Works with BuildKit and with the legacy builder, so there is nothing of either in it.
# It builds for the architecture that it runs on; for both: docker buildx build --platform linux/amd64,linux/arm64 .
FROM rust:1.95.0-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1 AS build
WORKDIR /function
# Statically linked by the toolchain's own target: no further target and no other C library to install.
# The dependencies name their source files in their panics, without the folders of whoever builds.
# The last packs the addresses to correct at start into bits: 200 KB less to pull, and to read before the first call.
ENV RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=/usr/local/cargo/registry/src= -C link-arg=-Wl,-z,pack-relative-relocs"

# The dependencies first: they change seldom, and this layer is then kept.
COPY .cargo/config.toml .cargo/
COPY Cargo.toml Cargo.lock ./
COPY benches/Cargo.toml benches/
COPY crates/fn-fdk/Cargo.toml crates/fn-fdk/
COPY crates/oracle-cloud-client/Cargo.toml crates/oracle-cloud-client/
COPY crates/oracle-cloud-signature/Cargo.toml crates/oracle-cloud-signature/
COPY crates/oracle-cloud-token/Cargo.toml crates/oracle-cloud-token/
COPY crates/strict-http1/Cargo.toml crates/strict-http1/
COPY server/Cargo.toml server/
COPY tools/conformance/Cargo.toml tools/conformance/
COPY tools/emulator/Cargo.toml tools/emulator/
COPY tools/mdfn/Cargo.toml tools/mdfn/
# What the manifests name must be there.
RUN for package in . crates/*; do mkdir $package/src && touch $package/src/lib.rs; done \
    && mkdir crates/fn-fdk/examples && touch crates/fn-fdk/examples/traced.rs \
    && echo 'fn main() {}' > src/main.rs \
    && cargo build --release --locked --bin func --target "$(uname -m)-unknown-linux-gnu"

COPY crates crates
COPY src src
# Newer than what the layer before has built, whenever they were written.
RUN touch src/main.rs src/lib.rs crates/*/src/lib.rs \
    && cargo build --release --locked --bin func --target "$(uname -m)-unknown-linux-gnu" \
    && mv "target/$(uname -m)-unknown-linux-gnu/release/func" /func

FROM scratch
LABEL org.opencontainers.image.title="model-deployment-fn" \
      org.opencontainers.image.description="Calls OCI Data Science model deployments as the function's own resource principal" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.2.0"
COPY --from=build /func /func
USER 1000:1000
ENTRYPOINT ["/func"]
