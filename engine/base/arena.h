#pragma once
// A bump allocator for bytes that live as long as one batch of events. Not thread-safe; reset() keeps the memory.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin {

class Arena {
 public:
  explicit Arena(size_t block = 65'536) : block_(block) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised bytes, aligned to `align` (a power of two up to 16), valid until reset() or destruction.
  void* allocate(size_t n, size_t align = 8) {
    uintptr_t p = (next_ + (align - 1)) & ~static_cast<uintptr_t>(align - 1);
    if (p + n > end_ || next_ == 0) {
      grow(n + align);
      p = (next_ + (align - 1)) & ~static_cast<uintptr_t>(align - 1);
    }
    next_ = p + n;
    return reinterpret_cast<void*>(p);
  }
  std::string_view copy(std::string_view s) {
    if (s.empty()) return {};
    char* p = static_cast<char*>(allocate(s.size(), 1));
    std::memcpy(p, s.data(), s.size());
    return {p, s.size()};
  }
  template <typename T>
  T* array(size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
  }
  void reset() {
    current_ = blocks_.empty() ? SIZE_MAX : 0;
    if (blocks_.empty()) return;
    next_ = reinterpret_cast<uintptr_t>(blocks_[0].bytes.get());
    end_ = next_ + blocks_[0].size;
  }
  size_t capacity() const {
    size_t n = 0;
    for (const auto& b : blocks_) n += b.size;
    return n;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  void grow(size_t n) {
    while (++current_ < blocks_.size()) {
      if (blocks_[current_].size >= n) return use(current_);
    }
    const size_t size = n > block_ ? n : block_;
    blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    use(blocks_.size() - 1);
  }
  void use(size_t i) {
    current_ = i;
    next_ = reinterpret_cast<uintptr_t>(blocks_[i].bytes.get());
    end_ = next_ + blocks_[i].size;
  }
  size_t block_;
  std::vector<Block> blocks_;
  size_t current_ = SIZE_MAX;
  uintptr_t next_ = 0;
  uintptr_t end_ = 0;
};

}  // namespace tocsin
