#include "platform/duckdb/database.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/text.hpp"
#include "platform/duckdb/library.hpp"
#include "platform/duckdb/reader.hpp"

namespace ciclo::duckdb {
namespace {

ErrorCode code_of(duckdb_error_type type, std::string_view message) {
  switch (type) {
    case DUCKDB_ERROR_PERMISSION: return ErrorCode::denied;
    case DUCKDB_ERROR_INTERRUPT: return ErrorCode::timeout;
    case DUCKDB_ERROR_OUT_OF_MEMORY: return ErrorCode::too_large;
    case DUCKDB_ERROR_IO:
      return message.find("No files found") != std::string_view::npos ? ErrorCode::not_found : ErrorCode::internal;
    case DUCKDB_ERROR_FATAL:
    case DUCKDB_ERROR_INTERNAL: return ErrorCode::internal;
    default: return ErrorCode::invalid;
  }
}

// DuckDB's messages go on with a copy of the query and advice on its own options; the first paragraph says what is
// wrong.
std::string first_paragraph(std::string_view message) {
  const std::size_t end = message.find("\n\n");
  std::string text(trim(message.substr(0, end)));
  return replace_all(text, "\n", "; ");
}

ErrorCode code_of_message(std::string_view message) {
  if (message.starts_with("IO Error: No files found")) return ErrorCode::not_found;
  if (message.starts_with("Permission Error")) return ErrorCode::denied;
  if (message.starts_with("Out of Memory Error")) return ErrorCode::too_large;
  if (message.starts_with("INTERRUPT Error")) return ErrorCode::timeout;
  return ErrorCode::invalid;
}

// Calls `expire` when it is not destroyed before the time is over.
class Watchdog {
 public:
  Watchdog(std::chrono::milliseconds limit, std::function<void()> expire) {
    if (limit.count() <= 0) return;
    thread_ = std::jthread([this, limit, expire = std::move(expire)](const std::stop_token& stop) {
      std::unique_lock lock(mutex_);
      if (!wake_.wait_for(lock, stop, limit, [&] { return stop.stop_requested(); })) expire();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it stops before the others go
};

}  // namespace

class Database::Impl {
 public:
  explicit Impl(std::shared_ptr<const Library> library) : library_(std::move(library)) {}
  ~Impl() {
    if (connection_ != nullptr) library_->disconnect(&connection_);
    if (database_ != nullptr) library_->close_database(&database_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open(const Settings& settings);
  Result<void> close_sandbox(const Settings& settings);
  Result<Table> query(std::string_view sql, const std::vector<Value>& parameters);
  Result<std::int64_t> execute(std::string_view sql, const std::vector<Value>& parameters);
  Result<std::vector<ColumnInfo>> describe(std::string_view sql);

  const Library& library() const { return *library_; }
  duckdb_connection connection() const { return connection_; }
  std::chrono::milliseconds time_limit_{0};

 private:
  // A prepared statement that is destroyed with its scope.
  struct Statement {
    explicit Statement(const Library& owner) : library(owner) {}
    ~Statement() { library.destroy_prepare(&handle); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    const Library& library;
    duckdb_prepared_statement handle = nullptr;
  };
  struct Answer {
    explicit Answer(const Library& owner) : library(owner) {}
    ~Answer() { library.destroy_result(&handle); }
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    const Library& library;
    duckdb_result handle{};
  };

  Result<void> prepare(Statement& statement, std::string_view sql);
  Result<void> bind(const Statement& statement, const std::vector<Value>& parameters);
  Result<void> run(const Statement& statement, Answer& answer);
  std::string with_casts(const Statement& statement, std::string_view sql) const;
  Result<Table> fetch(const std::vector<ColumnInfo>& columns, Answer& answer) const;
  std::vector<ColumnInfo> columns_of(const Statement& statement) const;

  std::shared_ptr<const Library> library_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

Result<void> Database::Impl::open(const Settings& settings) {
  duckdb_config config = nullptr;
  if (library_->create_config(&config) != DuckDBSuccess) return fail(ErrorCode::internal, "DuckDB has no memory");
  const std::pair<const char*, std::string> options[] = {
      {"autoinstall_known_extensions", "false"},     {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},       {"temp_directory", settings.spill_folder.string()},
      {"threads", std::to_string(settings.threads)}, {"max_memory", fmt::format("{}B", settings.memory_limit_bytes)},
  };
  for (const auto& [name, value] : options) {
    if (library_->set_config(config, name, value.c_str()) != DuckDBSuccess) {
      library_->destroy_config(&config);
      return fail(ErrorCode::invalid, fmt::format("DuckDB does not take {}={}", name, value));
    }
  }
  char* reason = nullptr;
  const duckdb_state opened = library_->open_database(nullptr, &database_, config, &reason);
  library_->destroy_config(&config);
  if (opened != DuckDBSuccess) {
    std::string text = reason != nullptr ? reason : "unknown";
    library_->release(reason);
    return fail(ErrorCode::internal, "cannot open a DuckDB database: " + text);
  }
  if (library_->connect(database_, &connection_) != DuckDBSuccess)
    return fail(ErrorCode::internal, "cannot connect to the DuckDB database");
  return close_sandbox(settings);
}

Result<void> Database::Impl::close_sandbox(const Settings& settings) {
  const auto list_of = [](const std::vector<std::filesystem::path>& paths, bool as_folders) {
    std::vector<std::string> quoted;
    for (const auto& path : paths) {
      std::error_code ignored;
      const std::filesystem::path absolute = std::filesystem::weakly_canonical(path, ignored);
      quoted.push_back(quote_text(as_folders ? absolute.string() + "/" : absolute.string()));
      // The path as the caller spells it in queries too, when it runs through a link.
      if (absolute != path) quoted.push_back(quote_text(as_folders ? path.string() + "/" : path.string()));
    }
    return "[" + join(quoted, ", ") + "]";
  };
  const std::string statements[] = {
      "SET allowed_directories=" + list_of(settings.folders, true),
      "SET allowed_paths=" + list_of(settings.files, false),
      "SET preserve_insertion_order=true",
      "SET enable_external_access=false",
      "SET lock_configuration=true",
  };
  for (const std::string& statement : statements) {
    if (auto done = execute(statement, {}); !done) return Failure(done.error().add_context("cannot close the sandbox"));
  }
  return {};
}

Result<void> Database::Impl::prepare(Statement& statement, std::string_view sql) {
  if (sql.find('\0') != std::string_view::npos) return fail(ErrorCode::invalid, "the SQL text holds a NUL character");
  if (library_->prepare(connection_, std::string(sql).c_str(), &statement.handle) == DuckDBSuccess) return {};
  const char* reason = library_->prepare_error(statement.handle);
  const std::string_view message = reason != nullptr ? reason : "the statement cannot be prepared";
  return fail(code_of_message(message), first_paragraph(message));
}

Result<void> Database::Impl::bind(const Statement& statement, const std::vector<Value>& parameters) {
  if (library_->parameter_count(statement.handle) != parameters.size()) {
    return fail(ErrorCode::invalid, fmt::format("the statement has {} parameters, {} were given",
                                                library_->parameter_count(statement.handle), parameters.size()));
  }
  for (idx_t i = 0; i < parameters.size(); ++i) {
    const Value& value = parameters[i];
    duckdb_state state = DuckDBError;
    if (const auto* text = std::get_if<std::string>(&value)) {
      state = library_->bind_text(statement.handle, i + 1, text->data(), text->size());
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      state = library_->bind_integer(statement.handle, i + 1, *integer);
    } else if (const auto* real = std::get_if<double>(&value)) {
      state = library_->bind_real(statement.handle, i + 1, *real);
    } else if (const auto* boolean = std::get_if<bool>(&value)) {
      state = library_->bind_boolean(statement.handle, i + 1, *boolean);
    } else {
      state = library_->bind_null(statement.handle, i + 1);
    }
    if (state != DuckDBSuccess) return fail(ErrorCode::invalid, fmt::format("parameter {} cannot be bound", i + 1));
  }
  return {};
}

Result<void> Database::Impl::run(const Statement& statement, Answer& answer) {
  const Watchdog watchdog(time_limit_, [this] { library_->interrupt(connection_); });
  if (library_->execute_prepared(statement.handle, &answer.handle) == DuckDBSuccess) return {};
  const char* reason = library_->result_error(&answer.handle);
  const std::string_view message = reason != nullptr ? reason : "the query failed";
  const ErrorCode code = code_of(library_->result_error_type(&answer.handle), message);
  if (code == ErrorCode::timeout) return fail(code, "the query took too long and was stopped");
  return fail(code, first_paragraph(message));
}

std::vector<ColumnInfo> Database::Impl::columns_of(const Statement& statement) const {
  std::vector<ColumnInfo> columns;
  const idx_t count = library_->prepared_column_count(statement.handle);
  for (idx_t i = 0; i < count; ++i) {
    const char* name = library_->prepared_column_name(statement.handle, i);
    columns.push_back(
        {name != nullptr ? name : "", column_type_of(library_->prepared_column_type(statement.handle, i))});
    library_->release(const_cast<char*>(name));  // NOLINT(cppcoreguidelines-pro-type-const-cast): ours to free
  }
  return columns;
}

// The query with every column whose type Reader does not know cast to one it knows; empty when none needs it.
std::string Database::Impl::with_casts(const Statement& statement, std::string_view sql) const {
  if (library_->statement_type(statement.handle) != DUCKDB_STATEMENT_TYPE_SELECT) return {};
  std::vector<std::string> names;
  std::vector<std::string> selected;
  bool needed = false;
  const idx_t count = library_->prepared_column_count(statement.handle);
  for (idx_t i = 0; i < count; ++i) {
    const duckdb_type type = library_->prepared_column_type(statement.handle, i);
    names.push_back(fmt::format("c{}", i));
    // INVALID: it depends on a parameter; fetch() looks again.
    const bool native = is_native(type) || type == DUCKDB_TYPE_INVALID;
    needed |= !native;
    const char* target = column_type_of(type) == ColumnType::real ? "DOUBLE" : "VARCHAR";
    selected.push_back(native ? names.back() : fmt::format("CAST({} AS {})", names.back(), target));
  }
  if (!needed) return {};
  return fmt::format("SELECT {} FROM ({}\n) AS answer({})", join(selected, ", "), sql, join(names, ", "));
}

Result<Table> Database::Impl::query(std::string_view sql, const std::vector<Value>& parameters) {
  Statement statement(*library_);
  CICLO_CHECK(prepare(statement, sql));
  const std::vector<ColumnInfo> columns = columns_of(statement);
  const std::string cast = with_casts(statement, sql);
  Statement cast_statement(*library_);
  if (!cast.empty()) CICLO_CHECK(prepare(cast_statement, cast));
  const Statement& running = cast.empty() ? statement : cast_statement;
  CICLO_CHECK(bind(running, parameters));
  Answer answer(*library_);
  CICLO_CHECK(run(running, answer));
  return fetch(columns, answer);
}

// `columns`: as prepared. They lack what depends on a parameter's type; the answer's own types fill that in.
Result<Table> Database::Impl::fetch(const std::vector<ColumnInfo>& columns, Answer& answer) const {
  Table table;
  std::vector<duckdb_type> types;
  const idx_t count = library_->column_count(&answer.handle);
  for (idx_t i = 0; i < count; ++i) {
    const duckdb_type type = library_->column_type(&answer.handle, i);
    const bool prepared = columns.size() == count;
    const std::string name = prepared ? columns[i].name : library_->column_name(&answer.handle, i);
    if (!is_native(type)) {
      return fail(ErrorCode::unsupported, fmt::format("the type of column '{}' depends on a parameter", name), name,
                  "cast the parameter in the query");
    }
    types.push_back(type);
    const bool keeps_storage =
        prepared && Column(name, columns[i].type).values_.index() == Column(name, column_type_of(type)).values_.index();
    table.columns.emplace_back(name, keeps_storage ? columns[i].type : column_type_of(type));
  }
  const Reader reader(*library_);
  while (duckdb_data_chunk chunk = library_->fetch_chunk(answer.handle)) {
    const idx_t rows = library_->chunk_size(chunk);
    for (idx_t i = 0; i < count; ++i) reader.append(table.columns[i], types[i], library_->chunk_vector(chunk, i), rows);
    table.rows += rows;
    library_->destroy_chunk(&chunk);
  }
  return table;
}

Result<std::int64_t> Database::Impl::execute(std::string_view sql, const std::vector<Value>& parameters) {
  Statement statement(*library_);
  CICLO_CHECK(prepare(statement, sql));
  CICLO_CHECK(bind(statement, parameters));
  Answer answer(*library_);
  CICLO_CHECK(run(statement, answer));
  return static_cast<std::int64_t>(library_->rows_changed(&answer.handle));
}

Result<std::vector<ColumnInfo>> Database::Impl::describe(std::string_view sql) {
  Statement statement(*library_);
  CICLO_CHECK(prepare(statement, sql));
  return columns_of(statement);
}

void Settings::allow(const std::filesystem::path& path) {
  std::error_code ignored;
  (std::filesystem::is_directory(path, ignored) ? folders : files).push_back(path);
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

Result<Database> Database::open(const Settings& settings) {
  CICLO_TRY(auto library, Library::open());
  auto impl = std::make_unique<Impl>(std::move(library));
  CICLO_CHECK(impl->open(settings));
  return Database(std::move(impl));
}

Result<Table> Database::query(std::string_view sql, const std::vector<Value>& parameters) {
  return impl_->query(sql, parameters);
}
Result<std::int64_t> Database::execute(std::string_view sql, const std::vector<Value>& parameters) {
  return impl_->execute(sql, parameters);
}
Result<std::vector<ColumnInfo>> Database::describe(std::string_view sql) {
  return impl_->describe(sql);
}
void Database::interrupt() {
  impl_->library().interrupt(impl_->connection());
}
void Database::set_time_limit(std::chrono::milliseconds limit) {
  impl_->time_limit_ = limit;
}
std::string Database::version() const {
  return impl_->library().version();
}

}  // namespace ciclo::duckdb
