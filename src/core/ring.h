/*
 * A doubly linked ring that lies within what it links: the head stands for
 * the list, its next is the first and its prev the last.  Knows nothing of
 * what it links, and owns no memory.
 * Invariant: an empty list is a head that is linked to itself.
 */

#ifndef SCOPED_KEY_RING_H
#define SCOPED_KEY_RING_H


typedef struct scoped_key_ring_s  scoped_key_ring_t;

struct scoped_key_ring_s {
    scoped_key_ring_t  *next;
    scoped_key_ring_t  *prev;
};


static inline void
scoped_key_ring_init(scoped_key_ring_t *head)
{
    head->next = head;
    head->prev = head;
}


/* makes the link the first; it must not be in any ring */
static inline void
scoped_key_ring_insert(scoped_key_ring_t *head, scoped_key_ring_t *link)
{
    link->next = head->next;
    link->prev = head;
    link->next->prev = link;
    head->next = link;
}


/* link: never a head */
static inline void
scoped_key_ring_remove(scoped_key_ring_t *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
}

#endif
