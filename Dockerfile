# The service in a container, from one file (docs/operations.md):
#   docker build --tag farside .                   networks in its own process, on the CPU
#   docker build --target gpu --tag farside:gpu .  networks in Triton, which has the GPU
#   docker run --read-only --tmpfs /tmp --publish 127.0.0.1:3000:3000 farside
FROM python:3.11.14-slim-bookworm AS base
ENV PATH=/opt/farside/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1


# Without torch and OpenVINO: Triton holds the weights.
FROM base AS packages-gpu
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/farside
COPY requirements.lock requirements.hashes ./
RUN sed -e 's/[.]/\\./g' -e 's/.*/^& /' requirements.lock > wanted.txt \
    && grep --file wanted.txt requirements.hashes > hashed.lock \
    && grep --invert-match --extended-regexp '^(openvino|openvino-telemetry)==' hashed.lock > common.lock \
    && python -m pip install --no-deps --require-hashes --requirement common.lock
COPY pyproject.toml README.md LICENSE ./
COPY farside farside
RUN python -m pip install --no-deps --no-build-isolation .


# PyPI's torch for Linux may carry CUDA, which nothing here uses: name PyTorch's index of CPU builds as
# PIP_EXTRA_INDEX_URL. As the build is a choice, torch and what it needs besides come without hashes.
FROM packages-gpu AS packages-cpu
ARG PIP_EXTRA_INDEX_URL
RUN grep --extended-regexp '^(openvino|openvino-telemetry)==' hashed.lock > engines.lock \
    && python -m pip install --no-deps --require-hashes --requirement engines.lock \
    && grep '^torch==' requirements.lock > torch.txt \
    && python -m pip install --constraint requirements.lock --requirement torch.txt


# Nothing is written but to /tmp. A number needs no entry among the users.
FROM base AS service
ENV BENTOML_DO_NOT_TRACK=true \
    BENTOML_HOME=/tmp/bentoml \
    HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    USER=farside
WORKDIR /srv/farside
COPY service service
# Of FARSIDE_JOBS: a volume that is mounted here begins as this user's.
RUN install --directory --owner=10001 --group=10001 --mode=700 jobs
USER 10001:10001
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/readyz', timeout=8)"]
CMD ["bentoml", "serve", "service.app:FarsideService", "--host", "0.0.0.0", "--port", "3000", "--timeout-keep-alive", "75"]


FROM service AS gpu
COPY --from=packages-gpu /opt/farside /opt/farside
ENV FARSIDE_TRITON_URL=triton:8001


FROM service AS cpu
COPY --from=packages-cpu /opt/farside /opt/farside
ENV FARSIDE_DEFAULT_MODEL=farside-1
COPY model_repository model_repository
