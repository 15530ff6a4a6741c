# The service in a container:
#   docker build --tag farside .
#   docker run --publish 3000:3000 farside
FROM python:3.11-slim

ENV BENTOML_DO_NOT_TRACK=true \
    BENTOML_HOME=/home/farside/bentoml \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

RUN useradd --create-home farside
WORKDIR /home/farside/service-root

COPY requirements.lock ./
RUN python -m pip install --requirement requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY farside farside
RUN python -m pip install --no-deps .

COPY service service
COPY model_repository model_repository

USER farside
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/readyz', timeout=8)"]
CMD ["bentoml", "serve", "service.app:FarsideService", "--host", "0.0.0.0", "--port", "3000"]
