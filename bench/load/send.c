/*
 * The producer of ticks, the same for every server, in one cheap process:
 *
 *   send KIND PORT PATH RATE SYMBOLS SLICE_MS BATCH CONNECTIONS
 *
 * KIND is http (NDJSON in the body of a POST, over connections that are kept), ws (NDJSON in a WebSocket's
 * text frame, which is answered by one) or nats. RATE ticks a second come at even distances, whatever the
 * server does: an open loop. What has come is sent every SLICE_MS (0: as it comes), at most BATCH ticks in a
 * request and one unanswered request on a connection. With RATE 0 ticks are sent as fast as the server
 * answers. Every line on standard input is answered by a line of JSON: what was sent and answered since the
 * line before.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, SYMBOLS_MAX = 10000, TICK_BYTES = 160, ANSWER_BYTES = 16384 };

static enum { HTTP, WEBSOCKET, NATS } kind;

struct connection {
  int fd;
  /* Ticks in the request that has no answer yet. */
  int unanswered;
  char answer[ANSWER_BYTES + 1];
  size_t answer_bytes;
};

static struct {
  long long sent, answered, requests, refused, reopened;
} seen;
static struct connection connections[CONNECTIONS_MAX];
static int cents[SYMBOLS_MAX];
static char *body, *request;
static int port;
static const char *path;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static uint32_t chance(void) {
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static char *put_text(char *at, const char *text) {
  size_t length = strlen(text);
  memcpy(at, text, length);
  return at + length;
}

/* Writes at least so many digits. */
static char *put_integer(char *at, long long value, int least) {
  char digits[20];
  int count = 0;
  for (; value > 0 || count < least; value /= 10) digits[count++] = '0' + value % 10;
  while (count > 0) *at++ = digits[--count];
  return at;
}

static char *put_price(char *at, int price) {
  at = put_integer(at, price / 100, 1);
  *at++ = '.';
  return put_integer(at, price % 100, 2);
}

/* Writes one tick. The price goes up or down by up to five cents. */
static char *put_tick(char *at, int symbol, double time_ms) {
  int price = cents[symbol] + (int)(chance() % 11) - 5;
  cents[symbol] = price < 1000 ? 1000 : price;
  long long us = llround(time_ms * 1e3);
  at = put_integer(put_text(at, "{\"symbol\":\"S"), symbol, 3);
  at = put_price(put_text(at, "\",\"price\":"), cents[symbol]);
  at = put_integer(put_text(at, ",\"size\":"), 1 + chance() % 900, 1);
  at = put_price(put_text(at, ",\"bid\":"), cents[symbol] - 1);
  at = put_price(put_text(at, ",\"ask\":"), cents[symbol] + 1);
  at = put_integer(put_text(at, ",\"time\":"), us / 1000, 1);
  at = put_integer(put_text(at, "."), us % 1000, 3);
  return put_text(at, "}");
}

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written <= 0) fail("write");
    bytes += written;
    length -= written;
  }
}

static int open_connection(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (kind == NATS) write_all(fd, "CONNECT {\"verbose\":false}\r\n", 27);
  if (kind != WEBSOCKET) return fd;
  char text[ANSWER_BYTES];
  int length = snprintf(
    text, sizeof text,
    "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    path, port);
  write_all(fd, text, length);
  if (read(fd, text, sizeof text) < 12 || strncmp(text, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "the upgrade of the producer is refused: %.100s\n", text);
    exit(1);
  }
  return fd;
}

static void reopen(struct connection *connection) {
  close(connection->fd);
  connection->fd = open_connection();
  connection->answer_bytes = 0;
  seen.reopened++;
}

/* The length of the answer to a POST, or 0 while it is not known. */
static size_t http_length(const char *answer) {
  const char *end = strstr(answer, "\r\n\r\n");
  if (end == NULL) return 0;
  const char *length = strcasestr(answer, "\r\ncontent-length:");
  if (length == NULL || length > end) {
    fprintf(stderr, "an answer without a length: %.200s\n", answer);
    exit(1);
  }
  return end + 4 - answer + atoll(length + 17);
}

/* The length of a short frame, or 0 while it is not known. */
static size_t frame_length(const unsigned char *answer, size_t bytes) {
  if (bytes < 4) return 0;
  return answer[1] < 126 ? 2 + answer[1] : 4 + (answer[2] << 8 | answer[3]);
}

/* True when the connection is free again. */
static int take_answer(struct connection *connection) {
  char *answer = connection->answer;
  size_t room = ANSWER_BYTES - connection->answer_bytes;
  ssize_t got = recv(connection->fd, answer + connection->answer_bytes, room, MSG_DONTWAIT);
  if (kind == NATS && got > 0) return 0;
  if (got <= 0) {
    if (connection->unanswered > 0 || kind != HTTP) fail("the server has left the producer");
    reopen(connection);
    return 1;
  }
  connection->answer_bytes += got;
  answer[connection->answer_bytes] = 0;
  size_t whole = kind == HTTP ? http_length(answer)
                              : frame_length((unsigned char *)answer, connection->answer_bytes);
  if (whole == 0 || connection->answer_bytes < whole) return 0;
  int is_accepted = kind == HTTP ? answer[9] == '2' : strstr(answer + 2, "\"accepted\"") != NULL;
  if (is_accepted) seen.answered += connection->unanswered;
  else if (seen.refused++ == 0) fprintf(stderr, "a refusal: %.300s\n", answer);
  connection->unanswered = 0;
  connection->answer_bytes = 0;
  if (kind == HTTP && strcasestr(answer, "\r\nconnection: close") != NULL) reopen(connection);
  return 1;
}

/* Sends a request with so many ticks, the first at a given time and each next one a step later. */
static void send_ticks(
  struct connection *connection, long long first, int count, int symbols, double time, double step) {
  char *at = body;
  for (int each = 0; each < count; each++) {
    at = put_tick(at, (first + each) % symbols, time + each * step);
    *at++ = '\n';
  }
  /* The last tick needs no end of line. */
  size_t length = at - body - 1;
  at = request;
  if (kind == HTTP) {
    at += sprintf(
      at,
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-ndjson\r\n"
      "Content-Length: %zu\r\n\r\n",
      path, port, length);
  } else if (kind == NATS) {
    at += sprintf(at, "PUB ticks %zu\r\n", length);
  } else {
    /* A mask of zeros leaves the payload as it is. */
    unsigned char head[14] = {0x81, 0x80 | (length < 126 ? length : length < 65536 ? 126 : 127)};
    int size = length < 126 ? 0 : length < 65536 ? 2 : 8;
    for (int byte = 0; byte < size; byte++) head[2 + byte] = length >> 8 * (size - 1 - byte);
    memcpy(at, head, 6 + size);
    at += 6 + size;
  }
  memcpy(at, body, length);
  at += length;
  if (kind == NATS) at = put_text(at, "\r\n");
  else connection->unanswered = count;
  seen.sent += count;
  seen.requests++;
  write_all(connection->fd, request, at - request);
}

static void report(void) {
  printf(
    "{\"sent\":%lld,\"answered\":%lld,\"requests\":%lld,\"refused\":%lld,\"reopened\":%lld}\n",
    seen.sent, seen.answered, seen.requests, seen.refused, seen.reopened);
  fflush(stdout);
  memset(&seen, 0, sizeof seen);
}

int main(int argc, char **argv) {
  if (argc < 9) {
    fprintf(stderr, "send KIND PORT PATH RATE SYMBOLS SLICE_MS BATCH CONNECTIONS\n");
    return 2;
  }
  kind = strcmp(argv[1], "http") == 0 ? HTTP : strcmp(argv[1], "ws") == 0 ? WEBSOCKET : NATS;
  port = atoi(argv[2]);
  path = argv[3];
  int symbols = atoi(argv[5]), batch = atoi(argv[7]), count = kind == NATS ? 1 : atoi(argv[8]);
  double rate = atof(argv[4]), slice_ms = atof(argv[6]), step_ms = rate == 0 ? 0 : 1e3 / rate;
  body = malloc((size_t)batch * TICK_BYTES);
  request = malloc((size_t)batch * TICK_BYTES + 1024);
  for (int symbol = 0; symbol < symbols; symbol++) cents[symbol] = 1000 + chance() % 50000;
  struct pollfd waiting[CONNECTIONS_MAX + 1];
  for (int index = 0; index < count; index++) {
    connections[index].fd = open_connection();
    waiting[index] = (struct pollfd){.fd = connections[index].fd, .events = POLLIN};
  }
  waiting[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  printf("ready\n");
  fflush(stdout);

  double begun = now_ms(), due_at = begun;
  for (long long tick = 0;;) {
    double now = now_ms();
    int is_due = now >= due_at;
    for (int index = 0; index < count && is_due; index++) {
      while (connections[index].unanswered == 0) {
        long long come = rate == 0 ? tick + batch : (long long)((now - begun) / step_ms) + 1;
        int taken = come - tick < batch ? come - tick : batch;
        if (taken <= 0) break;
        double time = rate == 0 ? now : begun + tick * step_ms;
        send_ticks(&connections[index], tick, taken, symbols, time, step_ms);
        tick += taken;
      }
    }
    /* The next moment at which something is due. What waits for a free connection is sent before, when
       ticks are sent as they come. */
    if (is_due && rate > 0) {
      double step = slice_ms > 0 ? slice_ms : step_ms;
      due_at = begun + (floor((now - begun) / step) + 1) * step;
    }
    double pause = rate == 0 ? 1e3 : due_at - now_ms();
    if (pause < 0) pause = 0;
    struct timespec limit = {.tv_sec = pause / 1e3, .tv_nsec = fmod(pause, 1e3) * 1e6};
    if (ppoll(waiting, count + 1, &limit, NULL) <= 0) continue;
    if (waiting[count].revents != 0) {
      char line;
      if (read(STDIN_FILENO, &line, 1) <= 0) return 0;
      report();
    }
    for (int index = 0; index < count; index++) {
      if (waiting[index].revents == 0 || !take_answer(&connections[index])) continue;
      waiting[index].fd = connections[index].fd;
      if (slice_ms == 0) due_at = 0;
    }
  }
}
