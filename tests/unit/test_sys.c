/* test_sys: a file is read to its end, whatever its st_size says, and never further than max. */
#include "lib/os/sys.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX = 3 * 4096 };

static int file_of(size_t n)
{
    int fd = (int)syscall(SYS_memfd_create, "test", 0);
    assert_true(fd >= 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(write(fd, "abcdefg" + i % 7, 1), 1);
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* fd and what came of it are closed and freed. */
static void must_read(int fd, size_t n, bool map)
{
    size_t len = SIZE_MAX;
    char *bytes = sys_read_file(fd, MAX, map, &len);
    char row[32];
    snprintf(row, sizeof row, "%zu bytes%s", n, map ? ", mapped" : "");
    if (n > MAX) {
        ROW_TRUE(row, bytes == NULL && errno == EFBIG);
    } else {
        ROW_TRUE(row, bytes != NULL && len == n && bytes[n] == '\0');
        for (size_t i = 0; bytes != NULL && i < n; i++) {
            ROW_TRUE(row, bytes[i] == "abcdefg"[i % 7]);
        }
    }
    if (!map) {
        free(bytes);
    }
    close(fd);
}

static const size_t sizes[] = {0,    1,    4093, 4094,    4095, 4096,    4097,
                               8191, 8192, 8193, MAX - 1, MAX,  MAX + 1, 2 * MAX};

static void files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        must_read(file_of(sizes[i]), sizes[i], false);
        must_read(file_of(sizes[i]), sizes[i], true);
    }
}

/* A pipe has no size, and gives what it has in pieces. */
static void files_without_a_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int map = 0; map < 2; map++) {
            int ends[2] = {-1, -1};
            if (pipe(ends) != 0) {
                fail_msg("no pipe");
                return;
            }
            for (size_t k = 0; k < sizes[i]; k++) {
                assert_int_equal(write(ends[1], "abcdefg" + k % 7, 1), 1);
            }
            close(ends[1]);
            must_read(ends[0], sizes[i], map != 0);
        }
    }
}

static void files_of_proc(void **state)
{
    (void)state;
    for (int map = 0; map < 2; map++) {
        int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
        struct stat st = {0};
        size_t len = 0;
        assert_true(fd >= 0 && sys_fstat(fd, &st) == 0);
        assert_int_equal(st.st_size, 0);
        char *bytes = sys_read_file(fd, 1 << 20, map != 0, &len);
        assert_non_null(bytes);
        assert_true(len > 100 && strncmp(bytes, "Name:", 5) == 0);
        if (map == 0) {
            free(bytes);
        }
        close(fd);
    }
}

static void errors(void **state)
{
    size_t len;
    (void)state;
    assert_null(sys_read_file(-1, MAX, false, &len));
    assert_int_equal(errno, EBADF);
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_null(sys_read_file(fd, MAX, true, &len));
    assert_int_equal(errno, EISDIR);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(files_without_a_size),
        cmocka_unit_test(files_of_proc),
        cmocka_unit_test(errors),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
