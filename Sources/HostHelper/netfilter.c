// Writes messages for nf_tables (linux/netfilter/nf_tables.h) into one batch: see `netfilter.h`.
#include "netfilter.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH_BYTES = 2 << 20 };

// MARK: Messages

static unsigned char batch[BATCH_BYTES];
static size_t used;
static unsigned sequence;

static void append(const void *bytes, size_t count) {
    if (used + NLMSG_ALIGN(count) > sizeof batch) {
        puts("the rules take more room than a batch has");
        exit(1);
    }
    memcpy(batch + used, bytes, count);
    memset(batch + used + count, 0, NLMSG_ALIGN(count) - count);
    used += NLMSG_ALIGN(count);
}

size_t nf_open_message(int type, int flags, int family, int resource) {
    size_t start = used;
    struct nlmsghdr header = {.nlmsg_type = (unsigned short)type, .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags), .nlmsg_seq = ++sequence};
    struct nfgenmsg general = {.nfgen_family = (unsigned char)family, .version = NFNETLINK_V0, .res_id = htons((unsigned short)resource)};
    append(&header, sizeof header);
    append(&general, sizeof general);
    return start;
}

void nf_close_message(size_t start) { ((struct nlmsghdr *)(batch + start))->nlmsg_len = (unsigned)(used - start); }

void nf_attribute(int type, const void *bytes, size_t count) {
    struct nlattr header = {.nla_len = (unsigned short)(NLA_HDRLEN + count), .nla_type = (unsigned short)type};
    append(&header, sizeof header);
    append(bytes, count);
}

void nf_text_attribute(int type, const char *text) { nf_attribute(type, text, strlen(text) + 1); }

void nf_number_attribute(int type, unsigned value) {
    unsigned big = htonl(value);
    nf_attribute(type, &big, sizeof big);
}

size_t nf_open_nest(int type) {
    size_t start = used;
    struct nlattr header = {.nla_type = (unsigned short)(type | NLA_F_NESTED)};
    append(&header, sizeof header);
    return start;
}

void nf_close_nest(size_t start) { ((struct nlattr *)(batch + start))->nla_len = (unsigned short)(used - start); }

int nf_nftables_type(int message) { return NFNL_SUBSYS_NFTABLES << 8 | message; }

// MARK: Expressions of a rule; all of them use the first 16-byte register

static size_t element, element_data;

static void open_expression(const char *name) {
    element = nf_open_nest(NFTA_LIST_ELEM);
    nf_text_attribute(NFTA_EXPR_NAME, name);
    element_data = nf_open_nest(NFTA_EXPR_DATA);
}

static void close_expression(void) {
    nf_close_nest(element_data);
    nf_close_nest(element);
}

static void value_attribute(int type, const void *bytes, size_t count) {
    size_t nest = nf_open_nest(type);
    nf_attribute(NFTA_DATA_VALUE, bytes, count);
    nf_close_nest(nest);
}

static void compare(int operation, const void *bytes, size_t count) {
    open_expression("cmp");
    nf_number_attribute(NFTA_CMP_SREG, NFT_REG_1);
    nf_number_attribute(NFTA_CMP_OP, (unsigned)operation);
    value_attribute(NFTA_CMP_DATA, bytes, count);
    close_expression();
}

void nf_load_meta(int key) {
    open_expression("meta");
    nf_number_attribute(NFTA_META_KEY, (unsigned)key);
    nf_number_attribute(NFTA_META_DREG, NFT_REG_1);
    close_expression();
}

static void load_payload(int base, unsigned offset, unsigned length) {
    open_expression("payload");
    nf_number_attribute(NFTA_PAYLOAD_DREG, NFT_REG_1);
    nf_number_attribute(NFTA_PAYLOAD_BASE, (unsigned)base);
    nf_number_attribute(NFTA_PAYLOAD_OFFSET, offset);
    nf_number_attribute(NFTA_PAYLOAD_LEN, length);
    close_expression();
}

static void mask(const void *bits, unsigned count) {
    static const unsigned char zeros[16];
    open_expression("bitwise");
    nf_number_attribute(NFTA_BITWISE_SREG, NFT_REG_1);
    nf_number_attribute(NFTA_BITWISE_DREG, NFT_REG_1);
    nf_number_attribute(NFTA_BITWISE_LEN, count);
    value_attribute(NFTA_BITWISE_MASK, bits, count);
    value_attribute(NFTA_BITWISE_XOR, zeros, count);
    close_expression();
}

void nf_match_interface(int key, const char *name) {
    char padded[IFNAMSIZ] = {0};
    strncpy(padded, name, IFNAMSIZ - 1);
    nf_load_meta(key);
    compare(NFT_CMP_EQ, padded, sizeof padded);
}

void nf_match_byte(int key, unsigned char value) {
    nf_load_meta(key);
    compare(NFT_CMP_EQ, &value, 1);
}

void nf_match_known(void) {
    // The bits of `ct state`: established 2, related 4.
    unsigned bits = 2 | 4, none = 0;
    open_expression("ct");
    nf_number_attribute(NFTA_CT_KEY, NFT_CT_STATE);
    nf_number_attribute(NFTA_CT_DREG, NFT_REG_1);
    close_expression();
    mask(&bits, sizeof bits);
    compare(NFT_CMP_NEQ, &none, sizeof none);
}

// Matches an address with a prefix length, `10.0.0.0/8` or `fc00::/7`; without a length, the whole address.
int nf_match_range(const char *text, int is_source) {
    char word[INET6_ADDRSTRLEN];
    unsigned char address[16], bits[16] = {0};
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);
    if (size >= sizeof word) return 0;
    memcpy(word, text, size);
    word[size] = 0;
    int is6 = inet_pton(AF_INET6, word, address) == 1;
    if (!is6 && inet_pton(AF_INET, word, address) != 1) return 0;
    unsigned width = is6 ? 16 : 4;
    unsigned length = slash ? (unsigned)atoi(slash + 1) : width * 8;
    if (length > width * 8) return 0;
    nf_match_byte(NFT_META_NFPROTO, is6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
    // RFC 791 section 3.1, RFC 8200 section 3: the offsets of the addresses in the header.
    load_payload(NFT_PAYLOAD_NETWORK_HEADER, is6 ? (is_source ? 8 : 24) : (is_source ? 12 : 16), width);
    for (unsigned bit = 0; bit < length; bit++) bits[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
    for (unsigned byte = 0; byte < width; byte++) address[byte] &= bits[byte];
    mask(bits, width);
    compare(NFT_CMP_EQ, address, width);
    return 1;
}

void nf_match_port(unsigned char protocol, int port) {
    unsigned short big = htons((unsigned short)port);
    nf_match_byte(NFT_META_L4PROTO, protocol);
    load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
    compare(NFT_CMP_EQ, &big, sizeof big);
}

void nf_decide(unsigned verdict) {
    open_expression("immediate");
    nf_number_attribute(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    size_t data = nf_open_nest(NFTA_IMMEDIATE_DATA), nest = nf_open_nest(NFTA_DATA_VERDICT);
    nf_number_attribute(NFTA_VERDICT_CODE, verdict);
    nf_close_nest(nest);
    nf_close_nest(data);
    close_expression();
}

void nf_refuse(int type, unsigned char code) {
    open_expression("reject");
    nf_number_attribute(NFTA_REJECT_TYPE, (unsigned)type);
    nf_attribute(NFTA_REJECT_ICMP_CODE, &code, 1);
    close_expression();
}

// MARK: The batch

void nf_begin(void) { used = 0; }

unsigned nf_last_sequence(void) { return sequence; }

const void *nf_batch(size_t *count) {
    *count = used;
    return batch;
}
