# The service in a container: docker build -t hf-cner . && docker run -p 8000:8000 -v ./OUT:/model:ro hf-cner
# docs/service.md says how, and what of this was tried.
FROM python:3.12-slim

# The index of torch's builds for CPUs; another for an accelerator, or a mirror of it.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN useradd --uid 10001 --create-home hf-cner
WORKDIR /app
COPY setup.cfg pyproject.toml constraints.txt README.md LICENSE ./
COPY hf_cner hf_cner
RUN python -m pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -c constraints.txt ".[serve]"

USER hf-cner
WORKDIR /home/hf-cner
ENV HF_HUB_OFFLINE=1 HF_HOME=/tmp/huggingface TOKENIZERS_PARALLELISM=false
EXPOSE 8000
HEALTHCHECK --start-period=2m CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=5)"]
ENTRYPOINT ["hf-cner"]
CMD ["serve", "--model", "/model", "--host", "0.0.0.0", "--port", "8000"]
