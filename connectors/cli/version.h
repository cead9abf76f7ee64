#pragma once
namespace tocsin::cli {
inline constexpr char kVersion[] = "0.1.0";
}
