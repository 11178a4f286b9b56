/* deepbind: whether a file that is about to be opened RTLD_DEEPBIND would reach libpq past pgseal's
 * hooks.
 *
 * Such a file, and each library that comes in with it, is bound to its own libraries before the
 * global scope, where the hooks are. PHP opens its extensions so. To leave all other files alone,
 * this looks before they are opened. */
#include "shim/dynlink/deepbind.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "shim/dynlink/library.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILES = 96 };

/* What is to be read: the file, then the libraries that would be loaded with it. */
struct plan {
    bool afresh; /* nothing is loaded yet where the file goes */
    size_t n;
    char path[FILES][LIBRARY_PATH_MAX];
};

struct wanted {
    bool file_itself; /* not one of its libraries */
};

static bool is_hooked(const char *name, void *data)
{
    static const char *const libpq[] = {
#define PICK_ENTRY(name) #name,
#define PICK_CONN(name) #name,
#define PICK_CANCEL(name) #name,
#define PICK_LOADER(name)
#define PICK_NAME(name)
#define HOOK(name, kind) PICK_##kind(name)
#include "shim/hooks.def"
    };
    static const char *const loader[] = {"dlsym", "dlvsym", "dlopen", "dlmopen"};
    const struct wanted *w = data;
    for (size_t i = 0; i < sizeof libpq / sizeof *libpq; i++) {
        if (strcmp(libpq[i], name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; w->file_itself && i < sizeof loader / sizeof *loader; i++) {
        if (strcmp(loader[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_name(const struct object *o, void *data)
{
    const char *name = data;
    const char *slash = strrchr(o->name, '/');
    return strcmp(o->name, name) == 0 || strcmp(object_soname(o), name) == 0 ||
           (slash && strcmp(slash + 1, name) == 0);
}

static bool is_loaded(const char *name)
{
    return objects_each(has_name, (void *)(uintptr_t)name); // NOLINT(performance-no-int-to-ptr)
}

/* The directory of an object's file, for $ORIGIN. */
static void directory_of(const char *path, char *buf, size_t size)
{
    ssize_t n = *path ? 0 : readlink("/proc/self/exe", buf, size - 1);
    if (*path) {
        strbuf_copy(buf, size, path);
    } else {
        buf[n > 0 ? n : 0] = '\0';
    }
    char *slash = strrchr(buf, '/');
    if (slash) {
        *slash = '\0';
    }
}

static bool add(struct plan *p, const char *name, const char *dirs, const char *call_site)
{
    if (p->n == FILES) {
        return false;
    }
    char *path = p->path[p->n];
    if (strchr(name, '/') ? !library_expand(name, strlen(name), call_site, path, LIBRARY_PATH_MAX)
                          : !library_find(name, dirs, call_site, path, LIBRARY_PATH_MAX)) {
        return false;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->path[i], path) == 0) {
            return true;
        }
    }
    p->n++;
    return true;
}

/* Reads one file of the plan and plans its libraries. Returns true where it reaches libpq, or
 * cannot be judged. */
static bool judge(struct plan *p, size_t i)
{
    struct library lib;
    struct wanted w = {i == 0};
    char call_site[LIBRARY_PATH_MAX];
    if (!library_open(p->path[i], &lib)) {
        return true;
    }
    bool hides = library_each_import(&lib, is_hooked, &w);
    const char *dirs = library_entry(&lib, DT_RUNPATH, 0);
    const char *name;
    dirs = dirs ? dirs : library_entry(&lib, DT_RPATH, 0);
    directory_of(p->path[i], call_site, sizeof call_site);
    for (size_t n = 0; !hides && (name = library_entry(&lib, DT_NEEDED, n)); n++) {
        hides = (p->afresh || !is_loaded(name)) && !add(p, name, dirs, call_site);
    }
    library_close(&lib);
    return hides;
}

bool deepbind_hides(const char *file, const void *caller, bool new_namespace)
{
    struct object o;
    char call_site[LIBRARY_PATH_MAX] = "";
    const char *dirs = NULL;
    int saved = errno;
    if (!new_namespace && is_loaded(file)) {
        return false;
    }
    struct plan *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool hides = true;
    if (p != MAP_FAILED) {
        p->afresh = new_namespace;
        if (object_of(caller, &o)) {
            directory_of(o.name, call_site, sizeof call_site);
            dirs = object_run_path(&o);
        }
        hides = !add(p, file, dirs, call_site);
        for (size_t i = 0; !hides && i < p->n; i++) {
            hides = judge(p, i);
        }
        munmap(p, sizeof *p);
    }
    errno = saved;
    return hides;
}
