# Two images from one build, each a static program on an empty base:
#
#   full (the default)  with the embedded database, its data in the volume /data
#                       docker run -p 127.0.0.1:8080:8080 -v emulator:/data IMAGE
#   slim                without it, needs DATABASE_URL: docker build --target slim .
#
# The runtime of the embedded database links against musl as well: it starts, and its errors unwind, in the static program.
#
# Any builder with Rust's musl target and a C compiler for it will do: rust:…-alpine, or Debian with musl-tools. Each platform builds
# for itself, so there is no cross compiler. The version is that of rust-toolchain.toml.
ARG BUILDER=docker.io/library/rust:1.95-alpine
# BuildKit lists the packages of Cargo.lock in the image's SBOM: a static program shows none.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

FROM ${BUILDER} AS manifests
WORKDIR /src
# Builds for the machine's own architecture with musl, whichever C library the builder itself uses.
RUN printf '#!/bin/sh\nexec cargo build --release --locked --bin directscale-emulator --target "$(uname -m)-unknown-linux-musl" "$@"\n' \
        > /usr/local/bin/build && chmod 755 /usr/local/bin/build \
    # What the empty base lacks: a place for data, and one for temporary files.
    && mkdir -p /layout/data /layout/tmp && chmod 750 /layout/data && chmod 1777 /layout/tmp
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
# An empty program: the layers that compile the dependencies change only with the two files above.
RUN mkdir src bench && touch src/lib.rs build.rs \
    && echo 'fn main() {}' | tee src/main.rs bench/bare.rs > build.rs

FROM manifests AS build-slim
RUN build --no-default-features
COPY . .
# In the program's --version; empty outside a release.
ARG EMULATOR_COMMIT
ARG EMULATOR_DATE
# Cargo compares times, and the files may be older than the empty program.
RUN touch build.rs src/lib.rs src/main.rs \
    && build --no-default-features \
    && mv target/*/release/directscale-emulator /directscale-emulator

FROM manifests AS build-full
RUN build
COPY . .
ARG EMULATOR_COMMIT
ARG EMULATOR_DATE
RUN touch build.rs src/lib.rs src/main.rs \
    && build \
    && mv target/*/release/directscale-emulator /directscale-emulator

FROM scratch AS base
# Certificates, for hooks and webhooks over https.
COPY --from=manifests /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE-APACHE LICENSE-MIT LICENSE-UNICODE /licenses/
COPY --from=manifests --chown=65532:65532 /layout/ /
USER 65532:65532
# A server in a container must listen on every address; publish its port on 127.0.0.1.
ENV EMULATOR_LISTEN=0.0.0.0:8080
# Customers' passwords must be test data: they are hashed at the test cost. EMULATOR_PASSWORD_COST=owasp costs 15 ms of CPU for each.
EXPOSE 8080
STOPSIGNAL SIGTERM
# The program checks itself. --start-interval needs Docker 25 or buildah 1.33; buildah keeps a health check with --format docker only.
HEALTHCHECK --interval=15s --timeout=4s --start-period=60s --start-interval=500ms \
    CMD ["/usr/local/bin/directscale-emulator", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/directscale-emulator"]
ARG EMULATOR_COMMIT
ARG CREATED
ARG SOURCE
ARG VERSION
LABEL org.opencontainers.image.title="directscale-emulator" \
    org.opencontainers.image.description="An unofficial emulator of DirectScale's customer API on a real Postgres, for testing integrations" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${EMULATOR_COMMIT}" \
    org.opencontainers.image.created="${CREATED}"

FROM base AS slim
COPY --from=build-slim /directscale-emulator /usr/local/bin/directscale-emulator

FROM base AS full
# The embedded database unpacks 99 MB into the cache at the first start, so the root file system can be read-only. Its socket is in
# /tmp; where that cannot be written either, it listens on a port of the container's loopback.
ENV HOME=/data EMULATOR_DATA=/data/database XDG_CACHE_HOME=/data/cache
VOLUME /data
COPY --from=build-full /directscale-emulator /usr/local/bin/directscale-emulator
