/* test_ptr_map: keys in and out, nodes used again, and many threads at once. */
#include "shim/session/ptr_map.h"
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum { MANY = 4 * PTR_MAP_BUCKETS, THREADS = 8, ROUNDS = 2000 };

static struct ptr_map all;
static char keys[MANY][16];

static void bind(struct ptr_map *r, const void *key, void *value)
{
    struct map_node *map_node = ptr_map_reserve();
    assert_non_null(map_node);
    ptr_map_bind(r, map_node, key, value);
}

static void in_and_out(void **state)
{
    static struct ptr_map r;
    int one = 1;
    int two = 2;
    (void)state;
    errno = EXDEV;
    assert_null(ptr_map_find(&r, &one));
    assert_null(ptr_map_remove(&r, &one));
    assert_null(ptr_map_find(&r, NULL));
    assert_null(ptr_map_remove(&r, NULL));
    bind(&r, &one, &two);
    errno = EXDEV;
    assert_ptr_equal(ptr_map_find(&r, &one), &two);
    assert_null(ptr_map_find(&r, &two));
    assert_ptr_equal(ptr_map_remove(&r, &one), &two);
    assert_null(ptr_map_remove(&r, &one));
    assert_null(ptr_map_find(&r, &one));
    assert_int_equal(errno, EXDEV);
    bind(&r, &one, &one); /* an address that is used again is another connection */
    assert_ptr_equal(ptr_map_find(&r, &one), &one);
    assert_ptr_equal(ptr_map_remove(&r, &one), &one);
    free(ptr_map_reserve());
}

/* Several keys to a bucket; each is found, whatever its neighbours do. */
static void crowded(void **state)
{
    (void)state;
    for (int i = 0; i < MANY; i++) {
        bind(&all, keys[i], keys[i] + 1);
    }
    for (int i = 0; i < MANY; i += 2) {
        assert_ptr_equal(ptr_map_remove(&all, keys[i]), keys[i] + 1);
    }
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(ptr_map_find(&all, keys[i]), i % 2 == 0 ? NULL : keys[i] + 1);
    }
    for (int i = 0; i < MANY; i += 2) {
        bind(&all, keys[i], keys[i] + 2);
    }
    for (int i = 0; i < MANY; i++) {
        assert_ptr_equal(ptr_map_remove(&all, keys[i]), keys[i] + (i % 2 == 0 ? 2 : 1));
    }
}

/* Each thread has keys of its own in buckets that all share. */
static void *work(void *data)
{
    char *key = data;
    bool held = true;
    for (int i = 0; i < ROUNDS; i++) {
        struct map_node *map_node = ptr_map_reserve();
        held = held && map_node != NULL && ptr_map_find(&all, key) == NULL;
        ptr_map_bind(&all, map_node, key, &key[i % 16]);
        held = held && ptr_map_find(&all, key) == &key[i % 16];
        held = held && ptr_map_remove(&all, key) == &key[i % 16];
    }
    return held ? data : NULL;
}

static void threads(void **state)
{
    pthread_t thread[THREADS];
    (void)state;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, work, keys[i * (MANY / THREADS)]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *held = NULL;
        pthread_join(thread[i], &held);
        assert_non_null(held);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_and_out),
        cmocka_unit_test(crowded),
        cmocka_unit_test(threads),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ptr_map", tests, NULL, NULL);
}
