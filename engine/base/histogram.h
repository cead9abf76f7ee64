#pragma once
// A latency histogram with fixed bounds (1 µs … 100 s, seven a decade), for hot paths: recording is a few instructions
// and two relaxed stores, no lock and no read-modify-write.
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tocsin {

namespace histogram {
inline constexpr size_t kBounds = 8 * 7 + 1;
// Upper bounds (inclusive) in nanoseconds.
inline constexpr std::array<uint64_t, kBounds> kBoundsNs = [] {
  std::array<uint64_t, kBounds> bounds{};
  size_t i = 0;
  for (uint64_t decade = 1000; i + 1 < kBounds; decade *= 10) {
    for (const uint64_t tenths : {10, 15, 20, 30, 40, 50, 75}) bounds[i++] = decade / 10 * tenths;
  }
  bounds[i] = 100'000'000'000;
  return bounds;
}();
// By bit_width(ns): the first bucket that such a value can lie in.
inline constexpr std::array<uint8_t, 65> kFirst = [] {
  std::array<uint8_t, 65> first{};
  for (size_t width = 1; width <= 64; ++width) {
    const uint64_t least = uint64_t{1} << (width - 1);
    uint8_t i = 0;
    while (i < kBounds && kBoundsNs[i] < least) ++i;
    first[width] = i;
  }
  return first;
}();
}  // namespace histogram

// A consistent copy: `count` is the sum of the buckets.
struct HistogramSnapshot {
  std::array<uint64_t, histogram::kBounds + 1> buckets{};  // not cumulative; the last is above every bound
  uint64_t count = 0;
  uint64_t sum_ns = 0;
  // The bound below which a share `q` (0 … 1) of the values lies, in nanoseconds; 0 when empty, UINT64_MAX above all.
  uint64_t quantile_ns(double q) const {
    if (count == 0) return 0;
    const auto wanted = static_cast<double>(count) * q;
    uint64_t seen = 0;
    for (size_t i = 0; i < histogram::kBounds; ++i) {
      seen += buckets[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return histogram::kBoundsNs[i];
    }
    return UINT64_MAX;
  }
  void add(const HistogramSnapshot& other) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
    count += other.count;
    sum_ns += other.sum_ns;
  }
};

// One thread records; any thread takes snapshots.
class LatencyHistogram {
 public:
  void record_ns(uint64_t ns) {
    size_t i = histogram::kFirst[static_cast<size_t>(std::bit_width(ns))];
    while (i < histogram::kBounds && histogram::kBoundsNs[i] < ns) ++i;
    bump(buckets_[i], 1);
    bump(sum_ns_, ns);
  }
  // Negative spans (a clock that went back) count as 0.
  void record_ms(int64_t ms) { record_ns(ms > 0 ? static_cast<uint64_t>(ms) * 1'000'000 : 0); }

  HistogramSnapshot snapshot() const {
    HistogramSnapshot s;
    s.sum_ns = sum_ns_.load(std::memory_order_relaxed);
    for (size_t i = 0; i < buckets_.size(); ++i) {
      s.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
      s.count += s.buckets[i];
    }
    return s;
  }

 private:
  // The only writer needs no atomic addition.
  static void bump(std::atomic<uint64_t>& a, uint64_t by) {
    a.store(a.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  std::array<std::atomic<uint64_t>, histogram::kBounds + 1> buckets_{};
  std::atomic<uint64_t> sum_ns_{0};
};

}  // namespace tocsin
