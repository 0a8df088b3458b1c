#ifndef BASE_YAML_LAYOUT_TREE_H
#define BASE_YAML_LAYOUT_TREE_H

#include "base/yaml.h"

/* The inside of base/yaml_layout*.c: a tree that keeps how it was written. */
enum layout_kind { LAYOUT_SCALAR, LAYOUT_ALIAS, LAYOUT_LIST, LAYOUT_MAP };

struct layout_comment {
	struct layout_comment *next;
	struct str text; /* with its # */
	bool blank;      /* a blank line stands before it */
	bool own;        /* a line of its own */
	uint32_t at, column;
};

struct layout_comments {
	struct layout_comment *first, *last;
};

struct layout_node {
	struct layout_node *next; /* of its parent */
	enum layout_kind kind;
	bool flow, block_scalar, plain, broken; /* broken: in several lines */
	struct str anchor;                      /* of an alias: its name */
	struct str text;                        /* value of a scalar */
	uint32_t at, end; /* bytes; a block scalar ends behind its lines */
	uint32_t entry;   /* where its entry begins: key, dash or itself */
	struct layout_node *key; /* entry of a map */
	struct layout_node *first, *last;
	struct layout_comments before, beside, tail; /* tail: of a collection */
	bool blank; /* a blank line stands before the entry */
};

struct layout_file {
	struct arena *arena;
	struct str text; /* without a byte order mark, ends of lines are LF */
	struct layout_node *root;
	struct layout_comments head; /* parted from the first key by a blank */
	struct layout_comment *comments;
	size_t ncomments;
	bool aliases, start; /* start: there is a --- */
};

/* False: not YAML; whoever asks has let yaml_parse() say so. */
bool layout_read(struct layout_file *f);
/* Hangs every comment to its node. */
void layout_comments_place(struct layout_file *f);
uint32_t layout_column(const struct layout_file *f, uint32_t at);
bool layout_blank_above(const struct layout_file *f, uint32_t at);

#endif
