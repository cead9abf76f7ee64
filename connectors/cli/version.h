#pragma once
namespace tocsin::cli {
inline constexpr char kVersion[] = "0.1.0";
// The commit that was built, or "unknown" outside a repository.
extern const char* const kRevision;
}  // namespace tocsin::cli
