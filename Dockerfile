# kdad-edge for any PC (target cpu: x64, arm64) and for one with an NVIDIA card (target cuda: x64). docs/hardware.md has the commands.
# Node comes from its official image: nodejs.org's binary, verified there, which runs with any glibc from 2.28 on.
ARG NODE_IMAGE=node:22.22.0-bookworm-slim
# CUDA 12 and cuDNN 9, as onnxruntime's libraries want them; the build ends with their names where an image has others.
ARG CUDA_IMAGE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04

FROM ${NODE_IMAGE} AS app
WORKDIR /opt/kdad-edge
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY LICENSE tsconfig.json tsconfig.build.json ./
COPY assets assets
COPY config config
COPY docker docker
COPY scripts scripts
COPY src src
RUN docker/build/app.sh

# onnxruntime's own installer fetches the library for CUDA; here, where CUDA is, what that library needs can be looked for.
FROM ${CUDA_IMAGE} AS app-cuda
COPY --from=app /usr/local/bin/node /usr/local/bin/node
COPY --from=app /opt/kdad-edge /opt/kdad-edge
WORKDIR /opt/kdad-edge
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js \
  && docker/build/check-libraries.sh node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so \
  && chmod -R a+rX node_modules/onnxruntime-node

FROM ${CUDA_IMAGE} AS cuda
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates ffmpeg tini \
  && rm -rf /var/lib/apt/lists/*
COPY --from=app /usr/local/bin/node /usr/local/bin/node
COPY --from=app-cuda /opt/kdad-edge /opt/kdad-edge
RUN /opt/kdad-edge/docker/build/user.sh
# What the container runtime brings from the host: the driver with CUDA, and the decoders.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
ENV HOME=/var/lib/kdad-edge NODE_ENV=production STATE_DIRECTORY=/var/lib/kdad-edge
# As in systemd/kdad-edge.service.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /var/lib/kdad-edge
USER kdad-edge
VOLUME ["/etc/kdad-edge", "/var/lib/kdad-edge", "/var/lib/kdad-edge/models"]
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "/opt/kdad-edge/docker/healthcheck.js"]
# As process 1 Node would ignore signals that it does not handle, and leave processes unreaped that ffmpeg or a detector orphaned.
ENTRYPOINT ["tini", "--", "kdad-edge"]
CMD ["run", "--config", "/etc/kdad-edge/kdad-edge.yaml"]

FROM ${NODE_IMAGE} AS cpu
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates ffmpeg tini \
  && rm -rf /var/lib/apt/lists/*
COPY --from=app /opt/kdad-edge /opt/kdad-edge
RUN /opt/kdad-edge/docker/build/user.sh
ENV HOME=/var/lib/kdad-edge NODE_ENV=production STATE_DIRECTORY=/var/lib/kdad-edge
# As in systemd/kdad-edge.service.
ENV MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /var/lib/kdad-edge
USER kdad-edge
VOLUME ["/etc/kdad-edge", "/var/lib/kdad-edge", "/var/lib/kdad-edge/models"]
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "/opt/kdad-edge/docker/healthcheck.js"]
ENTRYPOINT ["tini", "--", "kdad-edge"]
CMD ["run", "--config", "/etc/kdad-edge/kdad-edge.yaml"]
