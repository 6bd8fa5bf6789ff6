# Both base images can be exchanged, for instance for a mirror's: the runtime needs nothing but glibc.
ARG BUILD_IMAGE=node:22-bookworm-slim
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npx bun build --compile --minify --bytecode --external ccxt src/main.ts --outfile dist/tickwire && mkdir /data

FROM ${RUNTIME_IMAGE}
COPY --from=build /app/dist/tickwire /usr/local/bin/tickwire
# A numeric user needs no account in the base image; it owns nothing but the data.
COPY --from=build --chown=10001:10001 /data /data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV TICKWIRE_HOST=0.0.0.0 TICKWIRE_TAPE=sqlite:/data/tickwire.db
EXPOSE 5050
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["tickwire", "health"]
ENTRYPOINT ["tickwire"]
