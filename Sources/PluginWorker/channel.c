#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker.h"

/* The plugin may have closed the socket, which looks like the host's end and is not. The host sees it, too, and ends the
 * worker with the right reason, so nothing is to be done. */
static void wait_for_the_end(void) {
    for (;;) pause();
}

void receive_command(aw_message *command, int *descriptor) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec place = {command, sizeof *command};
    struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *descriptor = -1;
    ssize_t size;
    do {
        size = recvmsg(AW_SOCKET, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size == 0) _exit(0);
    if (size != sizeof *command) wait_for_the_end();
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
}

void send_answer(uint32_t kind, int32_t status, uint64_t serial, uint64_t length) {
    const aw_message answer = {.kind = kind, .status = status, .serial = serial, .length = length};
    ssize_t size;
    do {
        size = write(AW_SOCKET, &answer, sizeof answer);
    } while (size < 0 && errno == EINTR);
    if (size != sizeof answer) wait_for_the_end();
}
