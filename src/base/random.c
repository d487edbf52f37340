/* SPDX-License-Identifier: Apache-2.0 */
/* Secure bytes through getrandom, repeatable ones through xoshiro256** seeded by splitmix64. */
#include "base/random.h"

#include "base/check.h"

#include <errno.h>
#include <sys/random.h>

void random_secure(void *out, size_t size)
{
    uint8_t *at = out;
    while (size > 0) {
        ssize_t got = getrandom(at, size < 256 ? size : 256, 0);
        if (got < 0 && errno == EINTR) continue;
        CHECK(got > 0);
        at += got;
        size -= (size_t)got;
    }
}

uint64_t random_secure_u64(void)
{
    uint64_t value;
    random_secure(&value, sizeof value);
    return value;
}

void random_seed(struct random_generator *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9E3779B97F4A7C15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        random->state[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

uint64_t random_next(struct random_generator *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t random_below(struct random_generator *random, uint64_t bound)
{
    CHECK(bound > 0);
    uint64_t unfair = (0 - bound) % bound; /* 2^64 mod bound: that many of the lowest values would come up once too often */
    uint64_t value;
    do value = random_next(random);
    while (value < unfair);
    return value % bound;
}

bool random_chance(struct random_generator *random, double probability)
{
    return (double)(random_next(random) >> 11) * 0x1p-53 < probability;
}

uint64_t random_backoff_us(struct random_generator *random, uint32_t attempt, uint64_t first_us, uint64_t most_us)
{
    uint64_t pause = first_us;
    while (attempt-- > 0 && pause < most_us) pause *= 2;
    if (pause > most_us) pause = most_us;
    return pause / 2 + random_below(random, pause / 2 + 1);
}
