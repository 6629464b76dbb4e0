# Builds the server with every database, and runs it as an ordinary user.
FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb-dev libmariadb-dev-compat \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package tidemill-server --features mysql
# MLflow's web UI, from its wheel; its licence is beside it.
RUN target/release/tidemill ui install --to /usr/share/tidemill/ui

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data tidemill \
    && install -d -o tidemill /data
COPY --from=build /src/target/release/tidemill /usr/local/bin/tidemill
COPY --from=build /usr/share/tidemill/ui /usr/share/tidemill/ui
ENV TIDEMILL_UI_DIR=/usr/share/tidemill/ui
USER tidemill
WORKDIR /data
VOLUME /data
EXPOSE 5000
# SIGTERM lets requests under way finish.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tidemill"]
CMD ["server", "--host", "0.0.0.0"]
