// The account of what a start found in the spool that no instance names, and what became of it. Called within
// a commit.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "store/database/transaction.h"
#include "store/instance_store.h"

namespace hilum {

// Whether an instance names the file, which lies within the spool.
bool is_file_of_instance(Transaction& transaction, const std::string& file);

// Opens a survey's record; one that was cut off ends with it. Returns its id. `unknown`: whole files that no
// instance names; `unfinished`: files that were removed.
std::int64_t open_spool_record(Transaction& transaction, std::uint64_t unknown, std::int64_t unfinished);
void finish_spool_record(Transaction& transaction, std::int64_t record);

// What became of one file.
Adoption keep_adopted(Transaction& transaction, std::int64_t record, const InstanceStore& instances,
                      const StoreCommit& object, Timestamp written_at);
// The same data set lies in the spool as `known`: it was removed.
void keep_duplicate_removed(Transaction& transaction, std::int64_t record, const std::string& file,
                            const std::string& known);
// It took the place of `known`, which was missing or damaged, and may have come under another transfer
// syntax. Nothing where no row names that any more: the data set was received once more meanwhile.
void keep_file_replaced(Transaction& transaction, std::int64_t record, const StoreCommit& object,
                        const std::string& known);
void keep_set_aside(Transaction& transaction, std::int64_t record, const std::string& file,
                    const Error& error);
void keep_postponed(Transaction& transaction, std::int64_t record);

}  // namespace hilum
