# One image for all processes of the shop: the command says which.
#
#     docker build --tag tristate .
#     docker buildx build --platform linux/amd64,linux/arm64 --tag tristate .

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node bootstrap/build.mjs && node bootstrap/image.mjs

# What the bundles do not hold; PostgreSQL for the local launcher is an optional package, and stays out.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="tristate" \
      org.opencontainers.image.description="A shop that shows what every remote call can end in: success, failure, timeout" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.base.name="node:24-bookworm-slim"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist/image ./
USER 1000:1000
# Node itself is the first process, so that SIGTERM reaches it.
ENTRYPOINT ["node"]
CMD ["dist/bundle/services/monolith/main.js"]
