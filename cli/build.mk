# cli/build.mk: build/pgseal, the operator's tool.
CLI_CFLAGS = $(CSTD) $(WARNINGS) $(HARDENING) -Ishim -I$(PG_INCLUDE) \
	-DPGSEAL_VERSION='"$(VERSION)"'
CLI_LIBS = -lpq -lssl -lcrypto -lcurl -lelf -ljansson
CLI_SRC = $(wildcard cli/*.c)
CLI_OBJ = $(CLI_SRC:%.c=build/%.o)

all: build/pgseal

build/cli/%.o: cli/%.c
	@mkdir -p $(@D)
	$(CC) $(CLI_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

build/pgseal: $(CLI_OBJ) $(CORE_OBJ)
	$(CC) $(HARDENING) $(CFLAGS) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed -o $@ \
		$(CLI_OBJ) $(CORE_OBJ) $(CLI_LIBS)

-include $(CLI_OBJ:.o=.d)

check-installed: build/pgseal
