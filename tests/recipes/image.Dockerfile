# The image of the Dockerfile's target `full`, with the program and the libraries of this machine: nothing is compiled or downloaded.
FROM scratch
COPY root /
COPY --chown=65532:65532 data /data
USER 65532:65532
ENV EMULATOR_LISTEN=0.0.0.0:8080 HOME=/data EMULATOR_DATA=/data/database XDG_CACHE_HOME=/data/cache
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/directscale-emulator"]
