// SPDX-License-Identifier: Apache-2.0

// This workspace's own: a path that Veralith uses inside, too. Neither finds the other's.
#ifndef SHOP_CORE_BASE_STATUS_H_
#define SHOP_CORE_BASE_STATUS_H_

namespace shop {

enum class Status { kOpen, kPaid };

}  // namespace shop

#endif  // SHOP_CORE_BASE_STATUS_H_
