/* callsite: reads the call instruction before a return address. It is there, so its bytes can be
 * read; and what is read before a shorter one is of the same function. */
#include "shim/dynlink/callsite.h"

#include <stdint.h>
#include <string.h>

static const unsigned char *moved(const unsigned char *p, int64_t by)
{
    return p + by;
}

#if defined __x86_64__

static const unsigned char *relative(const unsigned char *operand)
{
    int32_t offset;
    memcpy(&offset, operand, sizeof offset);
    return moved(operand + sizeof offset, offset);
}

/* endbr64 and bnd stand in some stubs; then jmp *slot(%rip). */
static bool jumps_through(const unsigned char *stub, const void *slot)
{
    static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
    if (memcmp(stub, endbr64, sizeof endbr64) == 0) {
        stub += sizeof endbr64;
    }
    if (*stub == 0xf2) {
        stub++;
    }
    return stub[0] == 0xff && stub[1] == 0x25 && relative(stub + 2) == slot;
}

bool callsite_through(const void *return_address, void *const *slot)
{
    const unsigned char *next = return_address;
    if (next[-6] == 0xff && next[-5] == 0x15 && relative(next - 4) == (const void *)slot) {
        return true; /* call *slot(%rip) */
    }
    return next[-5] == 0xe8 && jumps_through(relative(next - 4), slot);
}

#elif defined __aarch64__

static uint32_t word(const unsigned char *at)
{
    uint32_t w;
    memcpy(&w, at, sizeof w);
    return w;
}

static int64_t extended(uint32_t value, int bits)
{
    return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

/* bti c stands in some stubs; then adrp x16, page; ldr x17, [x16, #offset]. */
static bool jumps_through(const unsigned char *stub, const void *slot)
{
    if (word(stub) == 0xd503245f)
        stub += 4;
    uint32_t adrp = word(stub), ldr = word(stub + 4);
    if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211)
        return false;
    uint32_t pages = ((adrp >> 5 & 0x7ffff) << 2) | (adrp >> 29 & 3);
    const unsigned char *page = moved(stub, -(int64_t)((uintptr_t)stub & 0xfff));
    return moved(page, extended(pages, 21) * 4096 + (ldr >> 10 & 0xfff) * 8) == slot;
}

bool callsite_through(const void *return_address, void *const *slot)
{
    const unsigned char *call = (const unsigned char *)return_address - 4;
    uint32_t bl = word(call);
    return (bl & 0xfc000000) == 0x94000000 &&
           jumps_through(moved(call, extended(bl & 0x3ffffff, 26) * 4), slot);
}

#else
#error "pgseal knows x86_64 and aarch64"
#endif
