# One static binary in an empty image. Works with BuildKit and with the legacy builder, so there is nothing of either in it.
FROM rust:1-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends musl-tools && rm -rf /var/lib/apt/lists/*
WORKDIR /function

# The dependencies first: they change seldom, and this layer is then kept.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock build.rs ./
COPY devkit/Cargo.toml devkit/Cargo.toml
RUN mkdir -p src devkit/src tests/suite \
    && echo 'fn main() {}' | tee src/main.rs devkit/src/main.rs tests/suite/main.rs > src/lib.rs \
    && rustup target add "$(uname -m)-unknown-linux-musl" \
    && cargo build --release --locked --bin func --target "$(uname -m)-unknown-linux-musl"

COPY src src
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked --bin func --target "$(uname -m)-unknown-linux-musl" \
    && cp "target/$(uname -m)-unknown-linux-musl/release/func" /func

FROM scratch
LABEL org.opencontainers.image.title="model-deployment-fn" \
      org.opencontainers.image.description="Calls OCI Data Science model deployments as the function's own resource principal" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /func /func
USER 1000:1000
ENTRYPOINT ["/func"]
