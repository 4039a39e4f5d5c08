/* SPDX-License-Identifier: Apache-2.0 */
/* CKA_UNIQUE_ID: a UUID of version 4 (RFC 9562 §5.4), in its text form. Used in this room only. */
#ifndef COFFER_OBJECT_UNIQUE_ID_H
#define COFFER_OBJECT_UNIQUE_ID_H

#include <stdint.h>

#define UUID_SIZE 36

/* `random`: 16 bytes that nothing else is made of. No zero byte ends the text. */
void unique_id_text(const uint8_t random[16], char out[UUID_SIZE]);

#endif
