// SPDX-License-Identifier: Apache-2.0

// MemoryBudget: what the memtables of several databases have together, and which database is to
// freeze its own once that is too much.
//
// A database has a MemoryAccount, and each of its memtables a MemoryCharge to it. A member of the
// budget (Join) also has a filling part: what was charged to its account since it last froze a
// memtable. The parts share one half of the budget; the other half is for memtables that are being
// flushed.
//
// Invariants
//   1. bytes() of the budget is the sum of its accounts', and bytes() of an account that of its
//      charges.
//   2. After each charge, the parts of the members that were not asked have at most half of the
//      budget together: members are asked, the largest first, of equals the one that joined first.
//      While bytes() is more than the budget, each of them has at most its share of the half, so
//      that parts of those that wait for flushes do not add up. Who is asked depends on the order
//      of calls only.
//   3. A member is asked once until it has frozen. That is a flag, and a call that only schedules:
//      nobody freezes another one's memtable.
//
// Thread rule: charges and frees of memtables from any thread, for one account one charge at a
// time; what is given back takes no lock, so a child of fork may do it. The rest as it says.
// Ownership: charges share the account, and accounts the budget.
#ifndef VERALITH_CORE_BASE_MEMORY_BUDGET_H_
#define VERALITH_CORE_BASE_MEMORY_BUDGET_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/sync.h"

namespace veralith {

class MemoryAccount;

class MemoryBudget {
 public:
  // `grown`: called after each charge, without a lock. Throws nothing.
  MemoryBudget(size_t most_bytes, std::function<void()> grown)
      : most_bytes_(most_bytes), grown_(std::move(grown)) {}
  ~MemoryBudget();  // CHECKs that nothing is charged
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  size_t most_bytes() const { return most_bytes_; }
  // Charged now, by all accounts.
  size_t bytes() const { return bytes_.LoadRelaxed(); }

 private:
  friend class MemoryAccount;

  struct Member {
    MemoryAccount* account;
    std::function<void()> ask;
    size_t filling = 0;
    bool is_asked = false;
  };

  // Null: the account has not joined.
  Member* Find(const MemoryAccount* account) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fill(Member& member, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Ask(Member& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The member has frozen, or leaves: its part is nothing.
  void Empty(Member& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t most_bytes_;
  const std::function<void()> grown_;
  Atomic<size_t> bytes_{0};
  Mutex mutex_;  // no other is taken under it, except the executor's by `ask`
  std::vector<Member> members_ ABSL_GUARDED_BY(mutex_);  // in the order in which they joined
  size_t filling_ ABSL_GUARDED_BY(mutex_) = 0;           // of those that were not asked
};

class MemoryAccount {
 public:
  explicit MemoryAccount(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  size_t budget_bytes() const { return budget_->most_bytes(); }
  // Charged now, by all memtables of the database.
  size_t bytes() const { return bytes_.LoadRelaxed(); }

  // --- By the database: one of these calls at a time ---------------------------------------------
  // Becomes a member whose part has `filling` bytes. When it is asked, `ask` is called, on whatever
  // thread charges: it schedules, waits for nothing, and throws nothing. Throws std::bad_alloc.
  void Join(size_t filling, std::function<void()> ask);
  // Once this returns `ask` is not called any more. Does nothing if it has not joined.
  void Leave();
  // The memtable that was being filled is frozen: the next part begins, and nobody has asked.
  void Froze();
  // To freeze: set until Froze. Any thread.
  bool is_asked() const { return is_asked_.LoadRelaxed(); }  // relaxed: whoever asks also calls

 private:
  friend class MemoryBudget;
  friend class MemoryCharge;

  void Charge(size_t bytes);
  void GiveBack(size_t bytes);

  const std::shared_ptr<MemoryBudget> budget_;
  Atomic<size_t> bytes_{0};
  Atomic<bool> is_asked_{false};  // written under the budget's mutex
};

// What one memtable has been charged; given back when it ends. One thread at a time.
class MemoryCharge {
 public:
  // Null: counts nothing.
  explicit MemoryCharge(std::shared_ptr<MemoryAccount> account) : account_(std::move(account)) {}
  ~MemoryCharge() {
    if (account_ != nullptr) {
      account_->GiveBack(bytes_);
    }
  }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;

  bool counts() const { return account_ != nullptr; }
  size_t bytes() const { return bytes_; }
  // Charges what is missing to so many bytes, if it counts. Throws nothing.
  void RaiseTo(size_t bytes) {
    if (bytes > bytes_ && account_ != nullptr) {
      account_->Charge(bytes - bytes_);
      bytes_ = bytes;
    }
  }

 private:
  const std::shared_ptr<MemoryAccount> account_;
  size_t bytes_ = 0;
};

}  // namespace veralith

#endif  // VERALITH_CORE_BASE_MEMORY_BUDGET_H_
