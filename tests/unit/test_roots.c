/* test_roots: a root file is shared for as long as its bytes are the same, and only as long. */
#include "lib/os/roots.h"
#include "lib/os/sys.h"
#include "pem_samples.h"
#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 1 << 20 };

static int file_of(const char *bytes)
{
    int fd = (int)syscall(SYS_memfd_create, "test", 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    assert_true(sys_rewind(fd));
    return fd;
}

/* The roots of a file that holds these bytes; the caller's. */
static struct roots *read_as(const char *path, const char *bytes, const char **reason)
{
    int fd = file_of(bytes);
    errno = EDOM;
    struct roots *roots = roots_read_file(fd, path, MAX, reason);
    assert_int_equal(errno, EDOM);
    close(fd);
    return roots;
}

static void must_hold(const struct roots *roots, const char *bytes)
{
    size_t blocks = 0;
    size_t expected = 0;
    for (const char *at = bytes; (at = strstr(at, "-----BEGIN")) != NULL; at++) {
        expected++;
    }
    assert_non_null(roots);
    assert_int_equal(roots->len, strlen(bytes));
    assert_memory_equal(roots->bytes, bytes, roots->len);
    for (const struct pem_block *b = NULL; (b = pem_next(&roots->blocks, b)) != NULL; blocks++) {
        assert_int_equal(b->len, 401);
    }
    assert_int_equal(blocks, expected);
}

static void same_bytes_are_shared(void **state)
{
    const char *reason = "";
    (void)state;
    struct roots *first = read_as("/a", CERTIFICATE, &reason);
    assert_null(reason);
    struct roots *second = read_as("/a", CERTIFICATE, &reason);
    must_hold(first, CERTIFICATE);
    assert_ptr_equal(first, second);
    assert_int_equal(atomic_load(&first->holders), 3); /* and the place */
    roots_release(first);
    roots_release(second);
}

/* Longer by a block, shorter by it, of the same length with one other byte: each is judged anew,
 * and what others stand on stays what it was. */
static void other_bytes_are_not(void **state)
{
    static char text[] = "a text\n" CERTIFICATE;
    const char *reason = "";
    (void)state;
    struct roots *one = read_as("/a", CERTIFICATE, &reason);
    struct roots *two = read_as("/a", CERTIFICATE CERTIFICATE, &reason);
    must_hold(two, CERTIFICATE CERTIFICATE);
    must_hold(one, CERTIFICATE);
    struct roots *again = read_as("/a", CERTIFICATE, &reason);
    must_hold(again, CERTIFICATE);
    assert_ptr_not_equal(again, two);
    struct roots *lower = read_as("/a", text, &reason);
    text[0] = 'A';
    struct roots *upper = read_as("/a", text, &reason);
    assert_ptr_not_equal(lower, upper);
    must_hold(upper, text);
    roots_release(one);
    roots_release(two);
    roots_release(again);
    roots_release(lower);
    roots_release(upper);
}

static void faults(void **state)
{
    static const struct {
        const char *bytes;
        const char *reason;
    } rows[] = {
        {"", "empty"},
        {CERTIFICATE "-----BEGIN", "contains a block other than CERTIFICATE"},
        {CERTIFICATE CRL, "contains a block other than CERTIFICATE"},
    };
    const char *reason = "";
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct roots *before = read_as("/a", CERTIFICATE, &reason);
        assert_null(read_as("/a", rows[i].bytes, &reason));
        ROW_STRING(rows[i].bytes, reason, rows[i].reason);
        struct roots *after = read_as("/a", CERTIFICATE, &reason);
        must_hold(after, CERTIFICATE);
        roots_release(before);
        roots_release(after);
    }
    int fd = file_of(CERTIFICATE);
    assert_null(roots_read_file(fd, "/b", 10, &reason));
    ROW_STRING("too long", reason, "too large");
    close(fd);
}

static void *read_many(void *data)
{
    const char *reason;
    (void)data;
    for (int i = 0; i < 300; i++) {
        const char *bytes = i % 3 == 0 ? CERTIFICATE CERTIFICATE : CERTIFICATE;
        struct roots *roots = read_as(i % 2 == 0 ? "/a" : "/b", bytes, &reason);
        must_hold(roots, bytes);
        roots_release(roots);
    }
    return NULL;
}

static void many_threads(void **state)
{
    pthread_t threads[8];
    (void)state;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, NULL), 0);
    }
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bytes_are_shared),
                                       cmocka_unit_test(other_bytes_are_not),
                                       cmocka_unit_test(faults), cmocka_unit_test(many_threads)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("roots", tests, NULL, NULL);
}
