/*
 * child_descriptor.c - which kind is of which descriptors.
 */
#include "descriptor.h"

bool descriptor_is_one(enum peer_kind kind)
{
    return kind == PEER_READS_OF_ONE || kind == PEER_ACCEPTS_OF_ONE;
}

bool descriptor_accepts(enum peer_kind kind)
{
    return kind == PEER_ACCEPTS || kind == PEER_ACCEPTS_OF_ONE;
}
