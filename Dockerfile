# One agent: wheels are built in the first stage, the second holds only what runs.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /build
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /opt/hearth \
 && /opt/hearth/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements/base.txt
# Compiled models: of the compiler's packages only the runtime stays.
COPY requirements/dev.txt requirements/dev.txt
COPY scripts/locked scripts/slim_runtime.py scripts/
RUN scripts/locked apache-tvm apache-tvm-ffi cffi cryptography numpy pycparser tokenizers \
        typing-extensions xgrammar > models.txt \
 && /opt/hearth/bin/pip install --no-cache-dir --no-deps --require-hashes -r models.txt \
 && /opt/hearth/bin/python scripts/slim_runtime.py /opt/hearth/lib/python3.11/site-packages
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY schemas schemas
COPY pipelines pipelines
COPY flows flows
COPY firmware_profiles firmware_profiles
COPY cloud_sync cloud_sync
COPY edge_agent edge_agent
RUN /opt/hearth/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/hearth/bin/pip uninstall --yes setuptools pip

FROM python:${PYTHON}
RUN useradd --create-home --uid 1000 hearth && install --directory --owner hearth /config
COPY --from=build /opt/hearth /opt/hearth
ENV PATH=/opt/hearth/bin:$PATH HEARTH_HOME=/config HEARTH_LOG__FORMAT=json \
    PYTHONPYCACHEPREFIX=/config/data/pycache
USER hearth
VOLUME /config
EXPOSE 8420
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8420/healthz')"]
ENTRYPOINT ["hearth"]
CMD ["up"]
