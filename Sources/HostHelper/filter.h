/// Selects the packets of a host that the kernel hands to the watcher (classic BPF, linux/filter.h). Labs determine the
/// number of packets on a host: a watcher that had to read them all could be made to miss some.
#ifndef CARREL_FILTER_H
#define CARREL_FILTER_H

/// The minimum length of the word that selects packets.
#define FILTER_SHORTEST_WORD 4

/// Makes the kernel drop, before they take space in the packet socket (SOCK_DGRAM), all packets except
/// - outgoing packets that open a TCP connection to `port` at one of `addresses` (IPv4 and IPv6, separated by commas);
/// - echo requests, UDP to `port`, and UDP and TCP to port 53, if `word` may begin near the start of the payload.
///
/// Only the word's beginning is compared, so the reader must still compare the whole. Returns 0, or -1 with errno:
/// EINVAL for an invalid address, E2BIG for too many.
int filter_packets(int socket_, int port, const char *word, const char *addresses);

#endif
