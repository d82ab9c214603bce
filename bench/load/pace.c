/* pace: HTTP requests at a constant rate, whatever the answers do (an open loop).

   pace PORT FILE RATE SECONDS CONNECTIONS [MOMENTS]

   Request i is due at i / RATE. One that finds no free connection waits, and its latency counts
   from when it was due, not from when it was sent: a stall is seen by everybody who arrives
   meanwhile. FILE is that of requests.lua; each line is sent once. Prints one line of JSON, in
   microseconds. MOMENTS gets a line for each request: when it was due and when it ended, in
   microseconds of CLOCK_MONOTONIC. One thread, loopback only, HTTP/1.1 with Content-Length, as the service answers.

   Build: cc -O2 -o pace pace.c */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, LINE = 1 << 16 };

struct connection {
  int fd;
  int64_t due;   /* of the request under way; 0: free */
  size_t asked;  /* its number */
  size_t got;
  char *in;
};

struct request { char *bytes; size_t size; };

static void fail(const char *what) {
  fprintf(stderr, "pace: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
  exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The lines of the file as bytes to send, at most `wanted`. */
static size_t load(const char *path, struct request *all, size_t wanted) {
  FILE *file = fopen(path, "r");
  if (!file) fail(path);
  char *line = malloc(LINE), *out = malloc(2 * LINE);
  size_t count = 0;
  while (count < wanted && fgets(line, LINE, file)) {
    line[strcspn(line, "\n")] = 0;
    char *rest = line, *part[5];
    for (int i = 0; i < 5; i++) {
      part[i] = i < 4 ? strsep(&rest, "\t") : rest;
      if (!part[i]) fail("a line has too few fields");
    }
    int size = sprintf(out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", part[0], part[1]);
    if (strcmp(part[2], "-")) size += sprintf(out + size, "Authorization: Bearer %s\r\n", part[2]);
    if (strcmp(part[3], "-")) size += sprintf(out + size, "Idempotency-Key: %s\r\n", part[3]);
    if (strcmp(part[4], "-"))
      size += sprintf(out + size, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                      strlen(part[4]), part[4]);
    else
      size += sprintf(out + size, strcmp(part[0], "GET") ? "Content-Length: 0\r\n\r\n" : "\r\n");
    all[count].bytes = memcpy(malloc(size), out, size);
    all[count++].size = size;
  }
  fclose(file);
  return count;
}

static int dial_to(int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* Connects, and lets epoll tell what comes. */
static void dial(struct connection *c, int port, int poll) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  c->fd = dial_to(port);
  epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
}

static void ask(struct connection *c, const struct request *what) {
  if (write(c->fd, what->bytes, what->size) != (ssize_t)what->size) fail("write");
}

/* The status of a whole answer in the buffer, or 0 while some of it is missing. */
static int answered(struct connection *c) {
  c->in[c->got] = 0;
  char *end = strstr(c->in, "\r\n\r\n");
  if (!end) return 0;
  char *length = strcasestr(c->in, "\r\ncontent-length:");
  if (!length || length > end) fail("an answer without Content-Length");
  size_t size = (end + 4 - c->in) + strtoul(length + 17, NULL, 10);
  return c->got >= size ? atoi(c->in + 9) : 0;
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 6 && argc != 7) {
    fprintf(stderr, "usage: pace PORT FILE RATE SECONDS CONNECTIONS [MOMENTS]\n");
    return 2;
  }
  int port = atoi(argv[1]), width = atoi(argv[5]);
  double rate = atof(argv[3]), seconds = atof(argv[4]);
  size_t total = (size_t)(rate * seconds);
  if (total < 1 || width < 1) fail("nothing to do");
  struct request *all = calloc(total, sizeof *all);
  if (load(argv[2], all, total) < total) fail("the request file is too short");
  uint32_t *took = calloc(total, sizeof *took);
  int64_t *moments = calloc(2 * total, sizeof *moments);
  struct connection *pool = calloc(width, sizeof *pool);
  int poll = epoll_create1(0), alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, alarm, &event);
  for (int i = 0; i < width; i++) {
    pool[i].in = malloc(BUFFER + 1);
    dial(&pool[i], port, poll);
  }
  size_t sent = 0, done = 0, refused = 0;
  int64_t latest = 0;
  int64_t start = now(), step = (int64_t)(1e9 / rate);
  while (done < total) {
    int64_t at = now();
    int next = 0;
    while (sent < total && start + (int64_t)sent * step <= at) {
      while (next < width && pool[next].due) next++;
      if (next == width) break; /* late: it waits for a connection, and the clock runs */
      pool[next].due = start + (int64_t)sent * step;
      pool[next].asked = sent;
      if (pool[next].fd < 0) dial(&pool[next], port, poll);
      ask(&pool[next], &all[sent++]);
    }
    if (sent < total && next < width) {
      int64_t due = start + (int64_t)sent * step;
      struct itimerspec when = {.it_value = {due / 1000000000, due % 1000000000}};
      timerfd_settime(alarm, TFD_TIMER_ABSTIME, &when, NULL);
    }
    struct epoll_event events[64];
    int ready = epoll_wait(poll, events, 64, 10000);
    if (ready == 0) { errno = 0; fail("no answer within 10 s"); }
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      uint64_t rings;
      if (!c) {
        if (read(alarm, &rings, sizeof rings) < 0 && errno != EAGAIN) fail("timer");
        continue;
      }
      ssize_t size = read(c->fd, c->in + c->got, BUFFER - c->got);
      if (size <= 0) {
        /* It closes connections that were idle for long, perhaps just when one is used again. */
        if (c->got) fail("the service hung up");
        close(c->fd);
        c->fd = -1;
        if (c->due) {
          dial(c, port, poll);
          ask(c, &all[c->asked]);
        }
        continue;
      }
      c->got += size;
      int status = answered(c);
      if (!status) continue;
      int64_t end = now();
      moments[2 * done] = c->due;
      moments[2 * done + 1] = end;
      took[done++] = (uint32_t)((end - c->due) / 1000);
      refused += status >= 400;
      c->due = 0;
      c->got = 0;
      if (now() - start > latest) latest = now() - start;
    }
  }
  if (argc == 7) {
    FILE *log = fopen(argv[6], "w");
    if (!log) fail(argv[6]);
    for (size_t i = 0; i < total; i++)
      fprintf(log, "%lld %lld\n", (long long)moments[2 * i] / 1000, (long long)moments[2 * i + 1] / 1000);
    if (fclose(log)) fail(argv[6]);
  }
  qsort(took, total, sizeof *took, ascending);
  printf("{\"requests\": %zu, \"refused\": %zu, \"microseconds\": %lld, \"p50\": %u, \"p90\": %u, "
         "\"p99\": %u, \"p999\": %u, \"max\": %u}\n",
         total, refused, (long long)latest / 1000, took[total / 2], took[total * 9 / 10],
         took[total * 99 / 100], took[total * 999 / 1000], took[total - 1]);
  return 0;
}
