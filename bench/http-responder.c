/* A bare HTTP responder: what one core can do with epoll, accept4, recv and send when it does nothing else. Any request is
 * answered with the same bytes; a connection that says "Connection: close" ends behind its answer.
 *   cc -O2 -o http-responder http-responder.c && ./http-responder PORT BODY_BYTES */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One that is kept, and one behind which the connection ends: a client that is not told asks again on it, and fails. */
static char answers[2][65536];
static size_t answer_lengths[2];

static void make_answer(int closes, const char *field, size_t body) {
  int head = snprintf(answers[closes], 512,
                      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%sContent-Length: %zu\r\n\r\n", field, body);
  memset(answers[closes] + head, 'x', body);
  answer_lengths[closes] = head + body;
}

/* Returns 0 when the connection has ended. */
static int serve(int fd, int *added, int epoll) {
  char request[16384];
  ssize_t length = recv(fd, request, sizeof request - 1, MSG_DONTWAIT);
  if (length < 0 && !*added) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return *added = 1;
  }
  if (length <= 0) return length < 0;
  request[length] = 0;
  int closes = 0;
  for (char *at = request; (at = strstr(at, "\r\n\r\n")) != NULL; at += 4) {
    closes |= memmem(request, at - request, "Connection: close", 17) != NULL;
    send(fd, answers[closes], answer_lengths[closes], MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (closes) return 0;
  if (!*added) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    *added = 1;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  make_answer(0, "", atoi(argv[2]));
  make_answer(1, "Connection: close\r\n", atoi(argv[2]));
  int on = 1, defer = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof defer);
  if (bind(listener, (struct sockaddr *)&name, sizeof name) || listen(listener, 4096)) return 1;
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(epoll, ready, 256, -1);
    for (int i = 0; i < count; i++) {
      int added = 1, fd = ready[i].data.fd;
      if (fd != listener) {
        if (!serve(fd, &added, epoll)) close(fd);
        continue;
      }
      for (int turn = 0; turn < 64; turn++) {
        struct sockaddr_in6 peer;
        socklen_t size = sizeof peer;
        fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) break;
        added = 0;
        if (!serve(fd, &added, epoll)) close(fd);
      }
    }
  }
}
