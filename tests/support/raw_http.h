#ifndef SUPPORT_RAW_HTTP_H
#define SUPPORT_RAW_HTTP_H

#include <stdint.h>

/*
 * HTTP as bytes on a loopback socket, so that a server is tested without a
 * client that would put things right.  A failure to connect ends the test.
 */
int raw_dial(uint16_t port);
/* All of it, as far as the server wants to read. */
void raw_say(int fd, const char *text);
/* Everything until the server closes; valid until the next call. */
const char *raw_hear(int fd);
const char *raw_ask(uint16_t port, const char *text);

#endif
