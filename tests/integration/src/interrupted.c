/* interrupted.c: a program, linked to libpq, whose signal handler calls PQcancel between any two
 * instructions of a call that goes through a stub of pgseal's: MODULE, opened by dlmopen, calls
 * dlsym and dlopen. Prints what they found. -DMODULE: the module. */
#include <dlfcn.h>
#ifdef MODULE
void *find(const char *name);
void *find(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

void *take(const char *file);
void *take(const char *file)
{
    return dlopen(file, RTLD_NOW);
}
#else
#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

enum { STEPS = 40 }; /* past the stub */
static int left;

/* Makes the processor stop after each instruction, as long as any are left (x86_64). */
static void step(ucontext_t *context)
{
#ifdef __x86_64__
    enum { TRAP = 0x100 };
    if (context == NULL) {
        __asm__ volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(TRAP) : "memory", "cc");
    } else {
        context->uc_mcontext.gregs[REG_EFL] &= left > 0 ? ~0L : ~(long)TRAP;
    }
#else
    (void)context;
    left = 0;
#endif
}

static void on_step(int number, siginfo_t *info, void *context)
{
    char reason[64];
    (void)number;
    (void)info;
    PQcancel(NULL, reason, sizeof reason);
    left--;
    step(context);
}

static void *call(void *module, const char *function, const char *argument)
{
    void *(*fn)(const char *) = (void *(*)(const char *))dlsym(module, function);
    left = STEPS;
    step(NULL);
    return fn(argument);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
    void *module = argc > 1 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : NULL;
    if (module == NULL) {
        return 2;
    }
    sigaction(SIGTRAP, &action, NULL);
    printf("strlen %d", call(module, "find", "strlen") != NULL);
    printf(", nothing %d", call(module, "find", "nothing") != NULL);
    printf(", libc %d", call(module, "take", "libc.so.6") != NULL);
    printf(", none.so %d, steps left %d\n", call(module, "take", "/nowhere/none.so") != NULL,
           left < 0 ? 0 : left);
    return 0;
}
#endif
