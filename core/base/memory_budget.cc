// SPDX-License-Identifier: Apache-2.0

#include "core/base/memory_budget.h"

#include <algorithm>

#include "core/base/check.h"

namespace veralith {

MemoryBudget::~MemoryBudget() { VERALITH_CHECK(bytes() == 0); }

MemoryBudget::Member* MemoryBudget::Find(const MemoryAccount* account) {
  const auto found = std::ranges::find(members_, account, &Member::account);
  return found == members_.end() ? nullptr : &*found;
}

void MemoryBudget::Fill(Member& member, size_t bytes) {
  const size_t half = most_bytes_ / 2;
  member.filling += bytes;
  filling_ += member.is_asked ? 0 : bytes;
  const auto is_smaller = [](const Member& a, const Member& b) {
    return !b.is_asked && (a.is_asked || a.filling < b.filling);
  };
  while (filling_ > half) {
    Ask(*std::ranges::max_element(members_, is_smaller));
  }
  if (bytes_.LoadRelaxed() > most_bytes_) {
    for (Member& each : members_) {
      if (!each.is_asked && each.filling > half / members_.size()) {
        Ask(each);
      }
    }
  }
}

void MemoryBudget::Ask(Member& member) {
  filling_ -= member.filling;
  member.is_asked = true;
  member.account->is_asked_.StoreRelaxed(true);
  member.ask();
}

void MemoryBudget::Empty(Member& member) {
  if (!std::exchange(member.is_asked, false)) {
    filling_ -= member.filling;
  }
  member.filling = 0;
  member.account->is_asked_.StoreRelaxed(false);
}

void MemoryAccount::Join(size_t filling, std::function<void()> ask) {
  MutexLock lock(budget_->mutex_);
  budget_->members_.push_back({.account = this, .ask = std::move(ask)});
  budget_->Fill(budget_->members_.back(), filling);
}

void MemoryAccount::Leave() {
  MutexLock lock(budget_->mutex_);
  if (MemoryBudget::Member* const member = budget_->Find(this); member != nullptr) {
    budget_->Empty(*member);
    budget_->members_.erase(budget_->members_.begin() + (member - budget_->members_.data()));
  }
}

void MemoryAccount::Froze() {
  MutexLock lock(budget_->mutex_);
  if (MemoryBudget::Member* const member = budget_->Find(this); member != nullptr) {
    budget_->Empty(*member);
  }
}

void MemoryAccount::Charge(size_t bytes) {
  bytes_.FetchAddRelaxed(bytes);
  budget_->bytes_.FetchAddRelaxed(bytes);
  {
    MutexLock lock(budget_->mutex_);
    if (MemoryBudget::Member* const member = budget_->Find(this); member != nullptr) {
      budget_->Fill(*member, bytes);
    }
  }
  budget_->grown_();
}

void MemoryAccount::GiveBack(size_t bytes) {
  bytes_.FetchSub(bytes);
  budget_->bytes_.FetchSub(bytes);
}

}  // namespace veralith
