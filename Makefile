# Everything starts here: make demo, make test. Nothing needs to be prepared or sourced.
# PYTHON=python3.12 takes another CPython, DISTRO=kilted another ROS 2 (in .venv-kilted/).

DISTRO ?=
VENV := $(if $(filter-out jazzy,$(DISTRO)),.venv-$(DISTRO),.venv)
PYTHON ?= $(shell tools/find_python $(DISTRO))
SETUP = $(PYTHON) -m tools.environment --venv $(VENV) $(if $(DISTRO),--distro $(DISTRO))
RUN = $(VENV)/bin/python

.PHONY: setup setup-training setup-test setup-test-ros demo fleet soak test test-ros test-arm64 fuzz lint docs clean distclean help

help:
	@echo 'make setup             virtual environment with ROS 2 and messages in $(VENV)/'
	@echo 'make setup-training    the same with torch (CPU build where there is no GPU)'
	@echo 'make demo [SOURCE=...] camera to detections on this machine (SOURCE: rosbag2 folder,'
	@echo '                       video file, folder of images or /dev/video0;'
	@echo '                       TOPIC: which one of a bag with several)'
	@echo 'make demo [LINK=...]   the same over the emulated link of a trace (CSV)'
	@echo 'make demo [CODEC=...]  the same with another shipped model (slim or ensemble)'
	@echo 'make fleet [ROBOTS=8] [REPLICAS=2] [SECONDS=60]   robots served by a Ray cluster on'
	@echo '                       this machine; halfway one replica is killed'
	@echo 'make soak [MINUTES=60] the same for an hour, while parts of it are killed; what grows is said'
	@echo 'make test [ARGS=...]   every test; ARGS go to pytest'
	@echo 'make test-ros          those that touch ROS and may differ (DISTRO=kilted: on Kilted)'
	@echo 'make test-arm64        wire, coders and encoder of robots on emulated aarch64 (Debian)'
	@echo 'make fuzz              100,000 hostile streams of each coder, several minutes'
	@echo 'make lint              ruff'
	@echo 'make docs              the tables of docs/parameters.md, from the code'
	@echo 'make clean             remove what was built; make distclean: the environments too'

setup:
	@$(SETUP)

setup-training:
	@$(SETUP) --training

setup-test:
	@$(SETUP) --tests --training

# What users write travels by the environment, as they wrote it: here and in the shell an
# apostrophe, a blank or a dollar would mean something. The names themselves are not exported.
unexport SOURCE TOPIC LINK CODEC ARGS ROBOTS REPLICAS SECONDS MINUTES
demo: export DEMO_SOURCE = $(value SOURCE)
demo: export DEMO_TOPIC = $(value TOPIC)
demo: export DEMO_LINK = $(value LINK)
demo: export DEMO_CODEC = $(value CODEC)
demo: setup
	@$(RUN) -m slim_split_ros demo $${DEMO_SOURCE:+"--source=$$DEMO_SOURCE"} \
		$${DEMO_TOPIC:+"--topic=$$DEMO_TOPIC"} $${DEMO_LINK:+"--link=$$DEMO_LINK"} \
		$${DEMO_CODEC:+"--codec=$$DEMO_CODEC"}

fleet: export FLEET_ROBOTS = $(value ROBOTS)
fleet: export FLEET_REPLICAS = $(value REPLICAS)
fleet: export FLEET_SECONDS = $(value SECONDS)
fleet:
	@$(SETUP) --fleet
	@$(RUN) -m slim_split_ros fleet $${FLEET_ROBOTS:+"--robots=$$FLEET_ROBOTS"} \
		$${FLEET_REPLICAS:+"--replicas=$$FLEET_REPLICAS"} \
		$${FLEET_SECONDS:+"--seconds=$$FLEET_SECONDS"}

soak: export SOAK_MINUTES = $(value MINUTES)
soak:
	@$(SETUP) --fleet
	@$(RUN) -m tools.soak_fleet $${SOAK_MINUTES:+"--minutes=$$SOAK_MINUTES"}

test test-ros fuzz: export PYTEST_ADDOPTS += $(value ARGS)
test: setup-test
	@$(RUN) -m pytest

setup-test-ros:
	@$(SETUP) --tests

test-ros: setup-test-ros
	@$(RUN) -m pytest -m 'ros and not once'

test-arm64: setup-test
	@$(RUN) -m tools.arm64

fuzz: setup-test
	@$(RUN) -m pytest -m fuzz

lint: setup-test
	@$(RUN) -m ruff check .

docs: setup
	@$(RUN) -m tools.parameter_tables

clean:
	rm -rf build install log .pytest_cache .ruff_cache .hypothesis

distclean: clean
	rm -rf .venv .venv-kilted
