# The everyday commands; scripts/ does the work.  All outputs go to build/.

module = build/ngx_http_scoped_key_module.so
# how long, and with which of t/fuzz, `make fuzz` looks for trouble
SECONDS = 60
NAME = token

.PHONY: all module test lint sanitize fuzz demo clean help

all: module

module:
	scripts/build module

test:
	scripts/test

lint:
	scripts/setup test
	scripts/test laws self shell

sanitize:
	scripts/setup test
	scripts/build sanitizer

fuzz:
	scripts/fuzz $(NAME) $(SECONDS)

demo:
	scripts/demo

clean:
	rm -rf build

help:
	@echo 'make            the module: $(module)'
	@echo 'make test       installs what is missing, builds and tests all'
	@echo 'make lint       the laws of the source alone'
	@echo 'make sanitize   nginx and the module with sanitizers, in build/sanitizer'
	@echo 'make fuzz       NAME=token SECONDS=60: one of t/fuzz'
	@echo 'make demo       the module at work, until Ctrl-C'
	@echo 'make clean      removes build/'
