#include "filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

// A try-out has about twenty addresses. Classic BPF has no loops, so each offset at which the word may begin costs four
// instructions. `try` puts the word at offset 0, in a query at 13 (RFC 1035 section 4.1); over TCP a resolver adds the
// query's length before it (section 4.2.2). A guess at the word's beginning is right once in a million times, for each
// offset. The longest program takes less than 16 KiB of net.core.optmem_max, which is at least 20 KiB by default.
enum { MAX_ADDRESSES = 64, ADDRESS_INSTRUCTIONS = 9, WORD_PLACES = 64, WORD_INSTRUCTIONS = 4, OTHER_INSTRUCTIONS = 128 };
// Setting this bit makes letters lower-case and leaves digits unchanged. Resolvers may change the case of a name (RFC
// 4343).
enum { CASE_BITS = 0x20202020 };

_Static_assert(
    MAX_ADDRESSES * ADDRESS_INSTRUCTIONS + WORD_PLACES * WORD_INSTRUCTIONS + OTHER_INSTRUCTIONS <= BPF_MAXINSNS,
    "the longest program is one that the kernel takes");

struct address {
    int is_six;
    // Only the first one for IPv4, all four for IPv6; in host byte order, as the program compares them.
    uint32_t words[4];
};

static struct address addresses[MAX_ADDRESSES];
static int address_count;
static struct sock_filter program[BPF_MAXINSNS];
static unsigned used;

static int read_addresses(const char *list) {
    char text[INET6_ADDRSTRLEN];
    for (address_count = 0;; address_count++) {
        size_t length = strcspn(list, ",");
        if (address_count == MAX_ADDRESSES) errno = E2BIG;
        else errno = length < sizeof text ? 0 : EINVAL;
        if (errno) return -1;
        struct address *address = &addresses[address_count];
        snprintf(text, sizeof text, "%.*s", (int)length, list);
        address->is_six = strchr(text, ':') != NULL;
        if (inet_pton(address->is_six ? AF_INET6 : AF_INET, text, address->words) != 1) {
            errno = EINVAL;
            return -1;
        }
        for (int index = 0; index < 4; index++) address->words[index] = ntohl(address->words[index]);
        if (!list[length]) break;
        list += length + 1;
    }
    address_count++;
    return 0;
}

// MARK: Instructions

// A is the accumulator. X holds the offset of the packet's next header.
static unsigned add(unsigned short code, unsigned value) {
    program[used] = (struct sock_filter)BPF_STMT(code, value);
    return used++;
}

static void compare(unsigned value, unsigned char skipped_if_equal, unsigned char skipped_otherwise) {
    program[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, skipped_if_equal, skipped_otherwise);
}

static void take(void) { add(BPF_RET | BPF_K, UINT32_MAX); }

static void leave_out(void) { add(BPF_RET | BPF_K, 0); }

// Drops the packet unless A has this value.
static void require(unsigned value) {
    compare(value, 1, 0);
    leave_out();
}

// Conditional jumps span at most 255 instructions, this one any distance. `land` sets its target.
static unsigned jump(void) { return add(BPF_JMP | BPF_JA, 0); }

static unsigned jump_if(unsigned value) {
    compare(value, 0, 1);
    return jump();
}

static void land(unsigned jump_) { program[jump_].k = used - jump_ - 1; }

static void load_version(void) {
    add(BPF_LD | BPF_B | BPF_ABS, 0);
    add(BPF_ALU | BPF_AND | BPF_K, 0xf0);
}

// MARK: The program

static void skip_header(unsigned bytes) {
    add(BPF_MISC | BPF_TXA, 0);
    add(BPF_ALU | BPF_ADD | BPF_K, bytes);
    add(BPF_MISC | BPF_TAX, 0);
}

// RFC 9293 section 3.1: the upper four bits hold the header's length, in 32-bit words.
static void skip_tcp_header(void) {
    add(BPF_LD | BPF_B | BPF_IND, 12);
    add(BPF_ALU | BPF_RSH | BPF_K, 4);
    add(BPF_ALU | BPF_LSH | BPF_K, 2);
    add(BPF_ALU | BPF_ADD | BPF_X, 0);
    add(BPF_MISC | BPF_TAX, 0);
}

static void take_if_destination_was_tried(void) {
    load_version();
    unsigned six = jump_if(0x60);
    add(BPF_LD | BPF_W | BPF_ABS, 16);
    for (int index = 0; index < address_count; index++) {
        if (addresses[index].is_six) continue;
        compare(addresses[index].words[0], 0, 1);
        take();
    }
    leave_out();
    land(six);
    // Copied to scratch memory, because a load from there is far shorter in the kernel than one from the packet.
    for (unsigned word = 0; word < 4; word++) {
        add(BPF_LD | BPF_W | BPF_ABS, 24 + 4 * word);
        add(BPF_ST, word);
    }
    for (int index = 0; index < address_count; index++) {
        if (!addresses[index].is_six) continue;
        for (unsigned word = 0; word < 4; word++) {
            add(BPF_LD | BPF_MEM, word);
            compare(addresses[index].words[word], 0, (unsigned char)(7 - 2 * word));
        }
        take();
    }
    leave_out();
}

// A load beyond the packet's end drops the packet.
static void take_if_word_may_follow(const char *word) {
    uint32_t beginning;
    memcpy(&beginning, word, sizeof beginning);
    beginning = ntohl(beginning) | CASE_BITS;
    for (unsigned place = 0; place < WORD_PLACES; place++) {
        add(BPF_LD | BPF_W | BPF_IND, place);
        add(BPF_ALU | BPF_OR | BPF_K, CASE_BITS);
        compare(beginning, 0, 1);
        take();
    }
    leave_out();
}

// RFC 791 section 3.1 and RFC 8200 section 3; extension headers are not followed.
static void load_protocol(void) {
    load_version();
    unsigned six = jump_if(0x60);
    require(0x40);
    add(BPF_LDX | BPF_B | BPF_MSH, 0);
    add(BPF_LD | BPF_B | BPF_ABS, 9);
    unsigned four = jump();
    land(six);
    add(BPF_LDX | BPF_W | BPF_IMM, 40);
    add(BPF_LD | BPF_B | BPF_ABS, 6);
    land(four);
}

static void write_program(unsigned port, const char *word) {
    used = 0;
    load_protocol();
    unsigned tcp = jump_if(IPPROTO_TCP), udp = jump_if(IPPROTO_UDP), echo = jump_if(IPPROTO_ICMP);
    require(IPPROTO_ICMPV6);
    add(BPF_LD | BPF_B | BPF_IND, 0);
    require(128);
    unsigned echo_six = jump();
    land(echo);
    add(BPF_LD | BPF_B | BPF_IND, 0);
    require(8);
    unsigned echo_four = jump();

    land(tcp);
    add(BPF_LD | BPF_H | BPF_IND, 2);
    unsigned query = jump_if(53);
    require(port);
    add(BPF_LD | BPF_B | BPF_IND, 13);
    add(BPF_ALU | BPF_AND | BPF_K, 0x12);
    require(0x02);
    add(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE));
    require(PACKET_OUTGOING);
    take_if_destination_was_tried();

    land(query);
    skip_tcp_header();
    unsigned query_text = jump();

    land(udp);
    add(BPF_LD | BPF_H | BPF_IND, 2);
    unsigned name = jump_if(53);
    require(port);
    land(name);
    // The headers of UDP and of an echo request have the same length.
    land(echo_six);
    land(echo_four);
    skip_header(8);
    land(query_text);
    take_if_word_may_follow(word);
}

int filter_packets(int socket_, int port, const char *word, const char *list) {
    if (read_addresses(list)) return -1;
    write_program((unsigned)port, word);
    const struct sock_fprog filter = {.len = (unsigned short)used, .filter = program};
    return setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}
