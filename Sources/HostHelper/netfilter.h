/// Builds messages for nf_tables (linux/netfilter/nf_tables.h) in one batch of at most 2 MiB; the program exits if they
/// exceed it. Messages and nests are closed in the reverse order of opening.
#ifndef CARREL_NETFILTER_H
#define CARREL_NETFILTER_H

#include <stddef.h>

/// Starts a new, empty batch.
void nf_begin(void);
/// The batch so far.
const void *nf_batch(size_t *count);
/// The sequence number of the last opened message; numbers start at 1 and continue across batches.
unsigned nf_last_sequence(void);

size_t nf_open_message(int type, int flags, int family, int resource);
void nf_close_message(size_t start);
void nf_attribute(int type, const void *bytes, size_t count);
void nf_text_attribute(int type, const char *text);
void nf_number_attribute(int type, unsigned value);
size_t nf_open_nest(int type);
void nf_close_nest(size_t start);
int nf_nftables_type(int message);

/// Conditions and verdicts of a rule, in order; all conditions use the first register.
void nf_load_meta(int key);
void nf_match_interface(int key, const char *name);
void nf_match_byte(int key, unsigned char value);
void nf_match_known(void);
int nf_match_range(const char *text, int is_source);
void nf_match_port(unsigned char protocol, int port);
void nf_decide(unsigned verdict);
void nf_refuse(int type, unsigned char code);

#endif
