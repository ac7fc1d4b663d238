/// Messages for nf_tables (linux/netfilter/nf_tables.h), written one after the other into one batch of at most 2 MiB;
/// the program ends where they are more. What is opened is closed in the opposite order.
#ifndef CARREL_NETFILTER_H
#define CARREL_NETFILTER_H

#include <stddef.h>

/// Forgets what was written.
void nf_begin(void);
/// What was written since.
const void *nf_batch(size_t *count);
/// The number of the message that was opened last; they count from 1, over batches.
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
