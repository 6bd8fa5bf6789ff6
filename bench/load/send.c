/*
 * The producer of ticks, the same for every server, in one cheap process:
 *
 *   send KIND PORT PATH RATE SYMBOLS SLICE_MS BATCH CONNECTIONS
 *
 * KIND is http (NDJSON in the body of a POST, over connections that are kept) or nats. RATE ticks a second
 * come at even distances, whatever the server does: an open loop. What has come is sent every SLICE_MS (0: as it comes),
 * at most BATCH ticks in a request and one unanswered request on a connection. With RATE 0 it is sent as
 * fast as the server answers. Every line on standard input is answered by a line of JSON: what was sent and
 * answered since the line before.
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

/* At least so many digits. */
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

/* One tick of a price that goes up or down by up to five cents. */
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
  return fd;
}

/* True when the whole answer is there. */
static int take_answer(struct connection *connection) {
  char *answer = connection->answer;
  size_t room = ANSWER_BYTES - connection->answer_bytes;
  ssize_t got = recv(connection->fd, answer + connection->answer_bytes, room, MSG_DONTWAIT);
  if (got <= 0) fail("the server has closed the connection of the producer");
  connection->answer_bytes += got;
  answer[connection->answer_bytes] = 0;
  char *end = strstr(answer, "\r\n\r\n");
  if (end == NULL) return 0;
  char *length = strcasestr(answer, "\r\ncontent-length:");
  if (length == NULL || length > end) {
    fprintf(stderr, "an answer without a length: %.200s\n", answer);
    exit(1);
  }
  size_t whole = end + 4 - answer + atoll(length + 17);
  if (connection->answer_bytes < whole) return 0;
  if (answer[9] == '2') seen.answered += connection->unanswered;
  else if (seen.refused++ == 0) fprintf(stderr, "a refusal: %.300s\n", answer);
  connection->unanswered = 0;
  connection->answer_bytes = 0;
  if (strcasestr(answer, "\r\nconnection: close") != NULL) {
    close(connection->fd);
    connection->fd = open_connection();
    seen.reopened++;
  }
  return 1;
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
  int is_nats = strcmp(argv[1], "nats") == 0, symbols = atoi(argv[5]);
  port = atoi(argv[2]);
  int batch = atoi(argv[7]), count = is_nats ? 1 : atoi(argv[8]);
  double rate = atof(argv[4]), slice_ms = atof(argv[6]);
  char head[256];
  int head_bytes = snprintf(
    head, sizeof head,
    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-ndjson\r\n"
    "Content-Length: ", argv[3], port);
  body = malloc((size_t)batch * TICK_BYTES);
  request = malloc((size_t)batch * TICK_BYTES + sizeof head + 32);
  for (int symbol = 0; symbol < symbols; symbol++) cents[symbol] = 1000 + chance() % 50000;
  struct pollfd waiting[CONNECTIONS_MAX + 1];
  for (int index = 0; index < count; index++) {
    connections[index].fd = open_connection();
    waiting[index] = (struct pollfd){.fd = connections[index].fd, .events = POLLIN};
  }
  waiting[count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  if (is_nats) write_all(connections[0].fd, "CONNECT {\"verbose\":false}\r\n", 27);
  printf("ready\n");
  fflush(stdout);

  double begun = now_ms(), due_at = begun;
  for (long long tick = 0;;) {
    double now = now_ms();
    int is_due = rate == 0 || now >= due_at;
    for (int index = 0; index < count && is_due; index++) {
      struct connection *connection = &connections[index];
      while (connection->unanswered == 0) {
        long long come = rate == 0 ? tick + batch : (long long)((now - begun) * rate / 1e3) + 1;
        int taken = come - tick < batch ? come - tick : batch;
        if (taken <= 0) break;
        char *at = body;
        for (int each = 0; each < taken; each++, tick++) {
          at = put_tick(at, tick % symbols, rate == 0 ? now : begun + tick * 1e3 / rate);
          *at++ = '\n';
        }
        /* A body of one tick is that tick alone. */
        size_t length = at - body - 1;
        memcpy(request, head, head_bytes);
        at = is_nats ? put_text(request, "PUB ticks ") : request + head_bytes;
        at = put_text(put_integer(at, length, 1), is_nats ? "\r\n" : "\r\n\r\n");
        memcpy(at, body, length);
        at += length;
        if (is_nats) at = put_text(at, "\r\n");
        else connection->unanswered = taken;
        seen.sent += taken;
        seen.requests++;
        write_all(connection->fd, request, at - request);
      }
    }
    /* The next moment at which something is due; what is late waits for a free connection. */
    if (is_due && rate > 0) {
      double step = slice_ms > 0 ? slice_ms : 1e3 / rate;
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
      if (waiting[index].revents == 0) continue;
      if (is_nats) {
        if (recv(connections[index].fd, connections[index].answer, ANSWER_BYTES, 0) <= 0) {
          fail("the server has closed the connection of the producer");
        }
      } else if (take_answer(&connections[index])) {
        waiting[index].fd = connections[index].fd;
        /* Ticks that waited for a free connection go now. */
        due_at = slice_ms > 0 ? due_at : 0;
      }
    }
  }
}
