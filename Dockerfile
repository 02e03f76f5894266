# The image has no embedded database: it needs DATABASE_URL. `cargo run` starts a server with an embedded one.
ARG BUILDER=docker.io/library/rust:1.95-bookworm
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features --bin directscale-emulator

FROM ${BASE}
COPY --from=build /src/target/release/directscale-emulator /usr/local/bin/directscale-emulator
# Certificates, for hooks and webhooks over https.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
# A server in a container must listen on every address; publish its port on 127.0.0.1.
ENV EMULATOR_LISTEN=0.0.0.0:8080
# Customers' passwords must be test data: they are hashed at the test cost. EMULATOR_PASSWORD_COST=owasp costs 15 ms of CPU for each.
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=4s --start-period=30s CMD ["/usr/local/bin/directscale-emulator", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/directscale-emulator"]
