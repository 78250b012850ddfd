# vpcmd as one file, without a shell or a package manager beside it, for a user who is not root. It writes nothing: a
# read-only root file system is enough. deploy/README.md says how to build and run it.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
ARG TARGETARCH
WORKDIR /vpcmd
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
# Node's name for amd64 is x64. The file for one architecture can be made on the other.
RUN name=$(echo "$TARGETARCH" | sed s/amd64/x64/) \
  && npm run binary -- "$name" \
  && mv "release/vpcmd-linux-$name" release/vpcmd

# It has the C and C++ libraries that Node needs, certificates, and the user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="vpcmd" \
  org.opencontainers.image.description="Find IBM Cloud VPC instances and manage their metadata service" \
  org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /vpcmd/release/LICENSES /usr/share/doc/vpcmd/LICENSES
COPY --from=build /vpcmd/release/vpcmd /usr/local/bin/vpcmd
# A number: Kubernetes can tell by it that this is not root (runAsNonRoot).
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/vpcmd"]
