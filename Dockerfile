# A small server that brings its own database along is `cargo run`; the image leaves it out and takes DATABASE_URL.
ARG BUILDER=docker.io/library/rust:1.95-bookworm
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features --bin directscale-emulator

FROM ${BASE}
COPY --from=build /src/target/release/directscale-emulator /usr/local/bin/directscale-emulator
# Whom to trust, for hooks and events over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
# Inside a container every address is wanted; publish it on 127.0.0.1.
ENV EMULATOR_LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=4s --start-period=30s CMD ["/usr/local/bin/directscale-emulator", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/directscale-emulator"]
