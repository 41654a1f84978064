#include "registry/sqlite/statement.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace muster::registry::sqlite {

namespace {

/// What was being done says nothing about a file that decayed: where it is and what SQLite saw does.
Error damaged(sqlite3* db, int status) {
  const char* name = sqlite3_db_filename(db, "main");
  const std::string path = name != nullptr && *name != '\0' ? name : "the registry";
  return Error{ErrorCode::registry_damaged,
               fmt::format("{}: SQLite found: {} ({})", path, sqlite3_errmsg(db), status)}
      .with_remedy(fmt::format("Stop muster, then restore {0} from a backup, or let SQLite save what it can: "
                               "sqlite3 {0} .recover | sqlite3 {0}.saved",
                               path));
}

}  // namespace

Error last_error(sqlite3* db, std::string_view doing) {
  const int status = sqlite3_extended_errcode(db);
  std::string reason = fmt::format("{}: {} (SQLite {})", doing, sqlite3_errmsg(db), status);
  switch (status & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(db, status);
    case SQLITE_FULL:
      return Error{ErrorCode::disk_full, std::move(reason)};
    case SQLITE_BUSY:
      return Error{ErrorCode::registry_busy, std::move(reason)};
    default:
      return Error{ErrorCode::registry_unavailable, std::move(reason)};
  }
}

Statement::Statement(Statement&& other) noexcept
    : statement_{std::exchange(other.statement_, nullptr)},
      parameter_{other.parameter_},
      column_{other.column_},
      bind_status_{other.bind_status_} {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);  // Repeats the status of the last step, which was reported then.
  sqlite3_clear_bindings(statement_);
}

void Statement::note(int status) {
  if (bind_status_ == SQLITE_OK) bind_status_ = status;
}

Statement& Statement::bind(std::int64_t value) {
  note(sqlite3_bind_int64(statement_, ++parameter_, value));
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // An empty view may have no data, which SQLite would take for NULL.
  const char* data = value.empty() ? "" : value.data();
  note(sqlite3_bind_text64(statement_, ++parameter_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(ByteView value) {
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  note(sqlite3_bind_blob64(statement_, ++parameter_, data, value.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null() {
  note(sqlite3_bind_null(statement_, ++parameter_));
  return *this;
}

Result<bool> Statement::step() {
  sqlite3* db = sqlite3_db_handle(statement_);
  if (bind_status_ != SQLITE_OK) return failure(last_error(db, sqlite3_sql(statement_)));
  column_ = 0;
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return failure(last_error(db, sqlite3_sql(statement_)));
  }
}

Result<void> Statement::run() {
  MUSTER_TRY(const bool row, step());
  MUSTER_ASSERT(!row, "a statement that writes returned a row");
  return {};
}

std::int64_t Statement::integer() { return sqlite3_column_int64(statement_, column_++); }

bool Statement::next_is_null() const { return sqlite3_column_type(statement_, column_) == SQLITE_NULL; }

std::string Statement::text() {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_++));
  return data == nullptr ? std::string{} : std::string{data, size};
}

Bytes Statement::blob() {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_++));
  return data == nullptr ? Bytes{} : Bytes{data, data + size};
}

ServiceName Statement::service_name() {
  auto name = ServiceName::parse(text());
  MUSTER_ASSERT(name.has_value(), "the registry holds a service name that is none");
  return *std::move(name);
}

RegistrationId Statement::registration_id() {
  auto id = RegistrationId::parse(text());
  MUSTER_ASSERT(id.has_value(), "the registry holds a registration id that is none");
  return *std::move(id);
}

EnrollmentGroupId Statement::group_id() {
  auto id = EnrollmentGroupId::parse(text());
  MUSTER_ASSERT(id.has_value(), "the registry holds an enrollment group id that is none");
  return *std::move(id);
}

CertificateName Statement::certificate_name() {
  auto name = CertificateName::parse(text());
  MUSTER_ASSERT(name.has_value(), "the registry holds a certificate name that is none");
  return *std::move(name);
}

DeviceId Statement::device_id() {
  auto id = DeviceId::parse(text());
  MUSTER_ASSERT(id.has_value(), "the registry holds a device id that is none");
  return *std::move(id);
}

}  // namespace muster::registry::sqlite
