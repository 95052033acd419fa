# What the Makefiles of the examples share. They set NAME and FUNCTION, SOURCES for C and C++, PARAMETERS for the debug host.
#
#     make            builds build/NAME.so
#     make test       scores rows.jsonl and compares with expected.jsonl; ASSAY names the executable
#     make sanitize   runs the plugin in the debug host under AddressSanitizer and UndefinedBehaviorSanitizer
TREE := $(dir $(lastword $(MAKEFILE_LIST)))../..
ASSAY ?= $(firstword $(wildcard $(TREE)/.build/release/assay $(TREE)/.build/debug/assay) assay)
BUILD ?= build
PLUGIN = $(BUILD)/$(NAME).so

# The headers: of ASSAY_INCLUDE, of this tree, or those that are installed.
ASSAY_INCLUDE ?= $(wildcard $(addprefix $(TREE)/,Sources/CScorerPlugin/include SDK/c SDK/cpp))
CPPFLAGS += $(if $(ASSAY_INCLUDE),$(addprefix -I,$(ASSAY_INCLUDE)),$(shell pkg-config --cflags assay))
CFLAGS ?= -O2
CXXFLAGS ?= -O2
C = $(CC) -std=c11 -Wall -Wextra $(CPPFLAGS) $(CFLAGS)
CPP = $(CXX) -std=c++17 -Wall -Wextra $(CPPFLAGS) $(CXXFLAGS)
SHARED = -fPIC -shared -fvisibility=hidden -Wl,--version-script=$(TREE)/SDK/plugin.map

.PHONY: all test sanitize clean
all: $(PLUGIN)

ifdef SOURCES
$(PLUGIN): $(SOURCES) $(wildcard *.hpp) | $(BUILD)
	$(if $(filter %.cpp,$(SOURCES)),$(CPP),$(C)) $(SHARED) $(SOURCES) -o $@
endif

$(BUILD):
	mkdir -p $@

SCORE = $(ASSAY) score rows.jsonl --plugin-dir $(BUILD) --fn-dir functions --no-progress

ifndef HAS_OWN_TEST
# Status 3 says that some rows could not be scored, which expected.jsonl knows.
test: $(PLUGIN)
	$(SCORE) --fn $(FUNCTION) --format json --output $(BUILD)/scores.jsonl >$(BUILD)/results.json || [ $$? = 3 ]
	diff expected.jsonl $(BUILD)/scores.jsonl
endif

SANITIZERS = -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HOST = $(TREE)/Examples/Plugins/host/debug_host.c

# A plugin of C or C++ is built with the sanitizers, too; another is only watched from outside.
sanitize: $(PLUGIN)
	$(C) $(SANITIZERS) $(HOST) -o $(BUILD)/debug_host -ldl -lm
ifdef SOURCES
	mkdir -p $(BUILD)/sanitized
	$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized CFLAGS="$(SANITIZERS)" CXXFLAGS="$(SANITIZERS)"
	$(BUILD)/debug_host $(BUILD)/sanitized/$(NAME).so '$(PARAMETERS)'
else
	$(BUILD)/debug_host ./$(PLUGIN) '$(PARAMETERS)'
endif

clean:
	rm -rf build
