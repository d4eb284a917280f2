# The image of the service. BuildKit and buildah build it alike:
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --build-arg CREATED="$(git log -1 --format=%cI)" \
#     --build-arg SOURCE="$(git remote get-url origin)" --tag inference-manager .
#   docker build --target sbom --output . .          writes inference-manager.cdx.json
#
# docs/container.md tells how it is run.

# To take the same base each time, name its digest too: rust:1.95-bookworm@sha256:…
FROM docker.io/library/rust:1.95-bookworm AS toolchain


FROM toolchain AS inventory
# jq's version is that of the base image's Debian, whichever that is.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends jq && rm --recursive /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,id=inference-manager-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=inference-manager-tools,target=/tools,sharing=locked \
    CARGO_TARGET_DIR=/tmp/target cargo install --locked --debug --version 0.5.9 --root /tools cargo-cyclonedx && \
    rm --force --recursive /tmp/target && \
    PATH=/tools/bin:$PATH container/inventory >/inference-manager.cdx.json


FROM scratch AS sbom
COPY --from=inventory /inference-manager.cdx.json /


FROM toolchain AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY . .
ARG REVISION=unknown
# Crates and what was compiled of them stay in the builder's cache, whatever Cargo.lock says next time. cargo goes
# by dates: our own files are touched, lest one from an older checkout pass for the one compiled before.
# Symbols stay, for the backtraces of panics.
RUN --mount=type=cache,id=inference-manager-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=inference-manager-target,target=/target,sharing=locked \
    find . -type f -exec touch {} + && \
    GIT_COMMIT=$(printf '%.12s' "$REVISION") CARGO_TARGET_DIR=/target cargo build --locked --release --bin inference-manager && \
    mkdir /image /empty && \
    strip --strip-debug -o /image/inference-manager /target/release/inference-manager
# glibc's libraries and the roots of TLS, with Debian's record of the packages they are from, which scanners
# of images look for. All of it for anybody to read, whatever the checkout's umask was.
RUN ldd /image/inference-manager | grep --only-matching '/[^ ]*' | xargs cp --parents --dereference --target-directory /image && \
    cp --parents --dereference /etc/ssl/certs/ca-certificates.crt /etc/os-release /image && \
    mkdir --parents /image/var/cache /image/var/lib/dpkg/status.d && \
    for package in ca-certificates libc6 libgcc-s1; do \
      dpkg-query --status "$package" >"/image/var/lib/dpkg/status.d/$package" || exit; \
    done && \
    cp --recursive container/root/. /image && \
    cp --recursive LICENSE samples /image && \
    chmod --recursive u=rwX,go=rX /image


FROM scratch
# Where the source is, its commit and that commit's time: not the build's, so that the same source gives the same image.
ARG SOURCE=unknown
ARG REVISION=unknown
ARG CREATED=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="inference-manager" \
      org.opencontainers.image.description="Augments the images of a catalogue with what models see in them" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT AND Apache-2.0 AND LGPL-2.1-or-later AND GPL-3.0-or-later WITH GCC-exception-3.1 AND MPL-2.0"
COPY --from=build /image /
# The only folders that are written to. As volumes they stay writable on a read-only root, and a volume that is
# mounted there belongs to the same user.
COPY --from=build --chown=65532:65532 /empty /var/cache/inference-manager
COPY --from=build --chown=65532:65532 /empty /out
VOLUME ["/var/cache/inference-manager", "/out"]
WORKDIR /
USER 65532:65532
# Two arenas: glibc gives each thread its own, and keeps in each what a large picture needed (419 MiB instead of 220).
ENV ADMIN_ADDRESS=0.0.0.0:9464 \
    MALLOC_ARENA_MAX=2 \
    MODELS_CACHE=/var/cache/inference-manager
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["/inference-manager", "health"]
ENTRYPOINT ["/inference-manager"]
CMD ["run", "--production"]
