// The numbers (OIDs) of PostgreSQL's built-in types that Ciclo reads or sends; they never change (pg_type.dat).
// Internal to platform/sql.
#pragma once

#include <libpq-fe.h>

namespace ciclo::sql::postgres_type {

inline constexpr Oid unknown = 0;  // in a parameter: to be inferred
inline constexpr Oid boolean = 16;
inline constexpr Oid bytea = 17;
inline constexpr Oid int8 = 20;
inline constexpr Oid int2 = 21;
inline constexpr Oid int4 = 23;
inline constexpr Oid text = 25;
inline constexpr Oid float4 = 700;
inline constexpr Oid float8 = 701;
inline constexpr Oid numeric = 1700;

}  // namespace ciclo::sql::postgres_type
