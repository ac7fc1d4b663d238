/// What of a host's packets the kernel hands to the watcher (classic BPF, linux/filter.h). Labs decide how many packets
/// pass on a host: a watcher that had to read them all could be made to miss some.
#ifndef CARREL_FILTER_H
#define CARREL_FILTER_H

/// The shortest word by which packets can be chosen.
#define FILTER_SHORTEST_WORD 4

/// Has the kernel drop, before they take room in the packet socket (SOCK_DGRAM), all packets but
/// - those that leave and open a TCP connection to `port` at one of `addresses` (IPv4 and IPv6, separated by commas);
/// - echo requests, UDP to `port`, and UDP and TCP to port 53, where `word` may begin near the start of what they carry.
///
/// The whole word is not compared, so the reader still has to. 0, or -1 with errno: EINVAL where an address cannot be
/// read, E2BIG where there are too many.
int filter_packets(int socket_, int port, const char *word, const char *addresses);

#endif
