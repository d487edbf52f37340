/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random: secure bytes from the system for keys and salts, and a seeded generator (xoshiro256**) for everything that must
 * be repeatable: samples, back-off, simulation. The generator belongs to one thread; the secure bytes are for any.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void random_secure(void *out, size_t size); /* stops the process if the system has none */
uint64_t random_secure_u64(void);

struct random_generator {
    uint64_t state[4];
};
void random_seed(struct random_generator *random, uint64_t seed);
uint64_t random_next(struct random_generator *random);
uint64_t random_below(struct random_generator *random, uint64_t bound);  /* 0 .. bound-1, without bias; bound > 0 */
bool random_chance(struct random_generator *random, double probability); /* 0: never, 1: always */
/* A pause before try number `attempt` (0, 1, ...): doubles from `first` to `most`, half of it random. */
uint64_t random_backoff_us(struct random_generator *random, uint32_t attempt, uint64_t first_us, uint64_t most_us);

#endif
