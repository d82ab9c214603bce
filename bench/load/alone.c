/* alone: what this machine adds to a latency by itself.

   alone MICROSECONDS SECONDS SHARE

   A piece of work of about MICROSECONDS, arithmetic and memory, without network, database or
   another process. First as fast as it goes, which is the peak, then at SHARE of that rate for as
   long again; latency counts from when a piece was due. With constant work and a core to itself
   every piece would take the same. Prints one line of JSON, in microseconds.

   Build: cc -O2 -o alone alone.c */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* More than the caches of one core hold: a service and its database are larger, too. */
enum { WORDS = 2 << 20 };
static uint32_t memory[WORDS];
static volatile uint64_t result;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void work(long steps) {
  uint64_t x = result + 88172645463325252u;
  for (long i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    x += memory[x % WORDS];
  }
  result = x;
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  double micro = argc == 4 ? atof(argv[1]) : 0, seconds = argc == 4 ? atof(argv[2]) : 0;
  double share = argc == 4 ? atof(argv[3]) : 0;
  if (micro <= 0 || seconds <= 0 || share <= 0 || share >= 1) {
    fprintf(stderr, "usage: alone MICROSECONDS SECONDS SHARE\n");
    return 2;
  }
  for (size_t i = 0; i < WORDS; i++) memory[i] = (uint32_t)i * 2654435761u;
  long steps = 1000000;
  int64_t start = now();
  work(steps);
  steps = (long)(steps * micro * 1000 / (now() - start)) + 1;

  size_t total = 0;
  start = now();
  while (now() - start < seconds * 1e9) {
    work(steps);
    total++;
  }
  double rate = share * total * 1e9 / (now() - start);
  total = (size_t)(rate * seconds) + 1;
  uint32_t *took = calloc(total, sizeof *took);
  int64_t step = (int64_t)(1e9 / rate);
  start = now();
  for (size_t i = 0; i < total; i++) {
    int64_t due = start + (int64_t)i * step;
    struct timespec when = {due / 1000000000, due % 1000000000};
    while (now() < due) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
    work(steps);
    took[i] = (uint32_t)((now() - due) / 1000);
  }
  qsort(took, total, sizeof *took, ascending);
  printf("{\"asked\": %.1f, \"requests\": %zu, \"p50\": %u, \"p99\": %u, \"max\": %u}\n", rate,
         total, took[total / 2], took[total * 99 / 100], took[total - 1]);
  return 0;
}
