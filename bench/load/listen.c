/*
 * Many WebSocket clients in one cheap process:
 *
 *   listen PORT CLIENTS STALLED HELLO PATH...
 *
 * The clients take the paths in turn, send HELLO once when it is not empty, and read; the first STALLED of
 * them never read. "ready" is printed when all are connected. Every line on standard input is answered by a
 * line of JSON: what came since the line before. A row is what has a "time" in it, milliseconds since the
 * epoch, and its latency is from that time to the arrival of its frame. Frames of the native protocol must
 * follow each other: `prev` is the `seq` of the one before.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, EVENTS = 512, BUCKET_US = 10, BUCKETS = 400000 };

struct client {
  int fd;
  long long seq;
  /* The start of a frame whose rest has not come yet. */
  char *rest;
  size_t rest_bytes;
};

static struct {
  long long rows, frames, bytes, breaks, missing, closed, worst_us;
} seen;
static unsigned latency[BUCKETS];
static char buffer[2 * READ_BYTES];
static long long now_us;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void read_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  now_us = time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

/* The number behind a name, or -1. */
static long long number_after(const char *text, size_t length, const char *name) {
  const char *at = memmem(text, length, name, strlen(name));
  return at == NULL ? -1 : atoll(at + strlen(name));
}

/* Microseconds from "1763700000123.45", which Python writes after a blank. */
static long long read_time(const char *at, const char *end) {
  long long value = 0;
  int decimals = -1;
  if (*at == ' ') at++;
  for (; at < end && decimals < 3; at++) {
    if (*at == '.') decimals = 0;
    else if (*at < '0' || *at > '9') break;
    else {
      value = 10 * value + *at - '0';
      if (decimals >= 0) decimals++;
    }
  }
  for (decimals = decimals < 0 ? 0 : decimals; decimals < 3; decimals++) value *= 10;
  return value;
}

static long long count_rows(const char *text, size_t length) {
  const char *end = text + length;
  long long rows = 0;
  for (const char *at = text + 1; at < end; at++) {
    at = memchr(at, 't', end - at);
    if (at == NULL || end - at < 7) break;
    if (at[-1] != '"' || memcmp(at, "time\":", 6) != 0) continue;
    long long late = now_us - read_time(at + 6, end);
    if (late < 0) late = 0;
    if (late > seen.worst_us) seen.worst_us = late;
    latency[late / BUCKET_US < BUCKETS ? late / BUCKET_US : BUCKETS - 1]++;
    rows++;
  }
  return rows;
}

static void take_message(struct client *client, const char *text, size_t length) {
  size_t head = length < 200 ? length : 200;
  long long prev = -1;
  if (length > 6 && memcmp(text, "{\"op\":", 6) == 0) {
    if (memmem(text, head, "\"subscribed\"", 12) != NULL) {
      const char *position = memmem(text, head, "\"position\":\"", 12);
      const char *colon = position == NULL ? NULL : strchr(position + 12, ':');
      client->seq = colon == NULL ? -1 : atoll(colon + 1);
      return;
    }
    if (memmem(text, head, "\"data\"", 6) == NULL) return;
    prev = number_after(text, head, "\"prev\":");
  }
  long long rows = count_rows(text, length);
  seen.frames++;
  seen.rows += rows;
  if (prev < 0) return;
  if (prev != client->seq) seen.breaks++;
  client->seq = number_after(text, head, "\"seq\":");
  seen.missing += client->seq - prev - rows;
}

/* A frame from a client has a mask; one of zeros leaves the payload as it is. */
static void send_frame(int fd, int opcode, const char *payload, size_t length) {
  char frame[6 + 125] = {(char)(0x80 | opcode), (char)(0x80 | length)};
  if (length > 125) return;
  memcpy(frame + 6, payload, length);
  if (write(fd, frame, 6 + length) < 0) seen.closed++;
}

/* Reads the complete frames. Returns their length in bytes. */
static size_t take_frames(struct client *client, const char *bytes, size_t length) {
  size_t used = 0;
  for (;;) {
    const unsigned char *head = (const unsigned char *)bytes + used;
    size_t left = length - used;
    if (left < 2) return used;
    size_t size = head[1] & 127, start = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (left < start) return used;
    if (start > 2) {
      size = 0;
      for (size_t at = 2; at < start; at++) size = size << 8 | head[at];
    }
    if (left < start + size) return used;
    const char *payload = (const char *)head + start;
    int opcode = head[0] & 15;
    if (opcode == 9) send_frame(client->fd, 10, payload, size);
    else if (opcode < 3) take_message(client, payload, size);
    used += start + size;
  }
}

static void receive(struct client *client, int epoll) {
  memcpy(buffer, client->rest, client->rest_bytes);
  ssize_t got = recv(client->fd, buffer + client->rest_bytes, READ_BYTES, MSG_DONTWAIT);
  if (got <= 0) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, client->fd, NULL);
    seen.closed++;
    return;
  }
  read_clock();
  seen.bytes += got;
  size_t length = client->rest_bytes + got;
  size_t used = take_frames(client, buffer, length);
  client->rest_bytes = length - used;
  if (client->rest_bytes > READ_BYTES) {
    fprintf(stderr, "a frame has more than %d bytes\n", READ_BYTES);
    exit(1);
  }
  if (client->rest_bytes > 0) {
    client->rest = realloc(client->rest, client->rest_bytes);
    memcpy(client->rest, buffer + used, client->rest_bytes);
  }
}

/* Connects and waits for the answer to the upgrade. Data after the answer is kept. */
static void join(
  struct client *client, int port, const char *path, const char *hello, int is_stalled) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  client->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (client->fd < 0) fail("socket");
  /* Segments as in a network, not as on the loopback, leave little room in the system's buffers, so
     the server notices soon that nobody reads. */
  int room = 4096, segment = 1460;
  if (is_stalled) setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  if (is_stalled) setsockopt(client->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  int one = 1;
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int length = snprintf(
    buffer, sizeof buffer,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    path, port);
  if (write(client->fd, buffer, length) != length) fail("write");
  size_t got = 0;
  char *end;
  do {
    ssize_t more = read(client->fd, buffer + got, READ_BYTES - got);
    if (more <= 0) fail("no answer to the upgrade");
    got += more;
    buffer[got] = 0;
  } while ((end = strstr(buffer, "\r\n\r\n")) == NULL);
  if (strncmp(buffer, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "the upgrade is refused: %.100s\n", buffer);
    exit(1);
  }
  client->rest_bytes = got - (end + 4 - buffer);
  client->rest = malloc(client->rest_bytes + 1);
  memcpy(client->rest, end + 4, client->rest_bytes);
  if (*hello != 0) send_frame(client->fd, 2, hello, strlen(hello));
}

static double quantile(double part) {
  double wanted = part * seen.rows;
  long long passed = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    passed += latency[bucket];
    if (passed > wanted) return bucket * BUCKET_US / 1000.0;
  }
  return 0;
}

static void report(void) {
  printf(
    "{\"rows\":%lld,\"frames\":%lld,\"bytes\":%lld,\"breaks\":%lld,\"missing\":%lld,"
    "\"closed\":%lld,\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"worst\":%.2f}\n",
    seen.rows, seen.frames, seen.bytes, seen.breaks, seen.missing, seen.closed, quantile(0.5),
    quantile(0.99), quantile(0.999), seen.worst_us / 1000.0);
  fflush(stdout);
  memset(&seen, 0, sizeof seen);
  memset(latency, 0, sizeof latency);
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "listen PORT CLIENTS STALLED HELLO PATH...\n");
    return 2;
  }
  int port = atoi(argv[1]), count = atoi(argv[2]), stalled = atoi(argv[3]), paths = argc - 5;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int epoll = epoll_create1(0);
  struct client *clients = calloc(count, sizeof *clients);
  for (int index = 0; index < count; index++) {
    join(&clients[index], port, argv[5 + index % paths], argv[4], index < stalled);
    if (index < stalled) continue;
    struct epoll_event readable = {.events = EPOLLIN, .data.ptr = &clients[index]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients[index].fd, &readable);
  }
  struct epoll_event asked = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &asked);
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, -1);
    for (int index = 0; index < ready; index++) {
      if (events[index].data.ptr != NULL) receive(events[index].data.ptr, epoll);
      else if (read(STDIN_FILENO, buffer, 1) <= 0) return 0;
      else report();
    }
  }
}
