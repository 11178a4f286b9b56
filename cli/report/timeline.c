/* timeline: attempts over time, by action. */
#include "timeline.h"

#include <string.h>

/* Each is a multiple of the one before it. After the last they double. */
static const int64_t widths[] = {60000,    300000,   900000,   3600000,   10800000,
                                 21600000, 43200000, 86400000, 604800000, 2419200000};

const char *const action_names[ACTIONS] = {"sealed",       "would-seal", "allowed",  "refused",
                                           "would-refuse", "failed",     "violation"};

int timeline_used(const struct timeline *t, size_t span)
{
    for (size_t i = 0; i < ACTIONS; i++) {
        if (t->spans[span][i] != 0) {
            return 1;
        }
    }
    return 0;
}

static int64_t wider(int64_t width)
{
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        if (widths[i] > width) {
            return widths[i];
        }
    }
    return 2 * width;
}

static int64_t floor_to(int64_t ms, int64_t width)
{
    int64_t rest = ms % width;
    return ms - (rest < 0 ? rest + width : rest);
}

/* Moves and widens the spans until ms is in one, with room on both sides. */
static void make_room(struct timeline *t, int64_t ms)
{
    size_t low = 0;
    size_t high = TIMELINE_SPANS - 1;
    while (low < TIMELINE_SPANS - 1 && !timeline_used(t, low)) {
        low++;
    }
    while (high > low && !timeline_used(t, high)) {
        high--;
    }
    int64_t first = t->origin + (int64_t)low * t->width;
    int64_t last = t->origin + (int64_t)high * t->width;
    first = ms < first ? ms : first;
    last = ms > last ? ms : last;
    int64_t width = t->width;
    while ((last - first) / width >= TIMELINE_SPANS * 3 / 4) {
        width = wider(width);
    }
    int64_t spare = (TIMELINE_SPANS - 1 - (last - first) / width) / 2;
    struct timeline wide = {.width = width, .origin = floor_to(first, width) - spare * width};
    for (size_t i = low; i <= high; i++) {
        size_t to = (size_t)((t->origin + (int64_t)i * t->width - wide.origin) / width);
        for (size_t k = 0; k < ACTIONS; k++) {
            wide.spans[to][k] += t->spans[i][k];
        }
    }
    *t = wide;
}

void timeline_add(struct timeline *t, int64_t ms, enum action_id action)
{
    if (t->width == 0) {
        t->width = widths[0];
        t->origin = floor_to(ms, t->width) - TIMELINE_SPANS / 2 * t->width;
    }
    if (ms < t->origin || ms >= t->origin + TIMELINE_SPANS * t->width) {
        make_room(t, ms);
    }
    t->spans[(ms - t->origin) / t->width][action]++;
}
