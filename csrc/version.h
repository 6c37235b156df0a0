/* SPDX-License-Identifier: MIT */
#ifndef ZLNET_VERSION_H
#define ZLNET_VERSION_H

#define ZLNET_VERSION "1.0.0"

#endif
