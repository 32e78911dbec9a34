// SPDX-License-Identifier: Apache-2.0

// This workspace's own, like status.h beside it.
#ifndef SHOP_CORE_BASE_TYPES_H_
#define SHOP_CORE_BASE_TYPES_H_

namespace shop {

using Timestamp = double;

}  // namespace shop

#endif  // SHOP_CORE_BASE_TYPES_H_
