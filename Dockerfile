# The whole product in one image: the server, the worker, the built web application, the packages.
FROM node:22-bookworm-slim AS web
WORKDIR /build/admin_ui
COPY admin_ui/package.json admin_ui/package-lock.json admin_ui/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY admin_ui/ ./
RUN npm run build

FROM python:3.13-slim-bookworm
RUN useradd --create-home --home-dir /var/lib/chassis chassis
WORKDIR /opt/chassis
COPY requirements/runtime.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY metadata metadata
COPY tenants tenants
COPY platform platform
COPY packages packages
RUN pip install --no-cache-dir --no-deps --no-build-isolation --no-index -e .
COPY --from=web /build/admin_ui/dist admin_ui/dist
USER chassis
ENV CHASSIS_HOME=/var/lib/chassis/home CHASSIS_HOST=0.0.0.0
EXPOSE 8000
VOLUME /var/lib/chassis
HEALTHCHECK --start-period=120s CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=3)"
CMD ["chassis", "up"]
