#pragma once
// YAML files that people write (rules, feeds, configs), read so that every fault points at its place. A thin layer over
// yaml-cpp's parser: a tree that keeps the offset of each key and value, refuses duplicate keys, and bounds size, depth
// and aliases; a Reader that turns nodes into values and appends a diagnostic where one is not what it should be.
//
//   auto doc = yaml::Document::parse(path, text, diagnostics);
//   if (!doc) return;
//   yaml::Reader read(*doc, diagnostics);
//   yaml::Fields fields(read, doc->root(), kKeys, "a feed");   // unknown keys are faults, with the nearest known one
//   std::string format;
//   fields.require("format") && fields.read("format", format);
//
// Not thread-safe while parsing; a Document is immutable afterwards.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "rule/diagnostic.h"
#include "time/format.h"

namespace tocsin::rule::yaml {

struct Limits {
  size_t max_bytes = 1024 * 1024;
  size_t max_depth = 64;
  size_t max_nodes = 200000;  // after aliases are resolved
};

struct Node {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  bool plain = false;       // kScalar: without quotes, so 3 is a number and true a boolean
  bool verbatim = true;     // kScalar: `value` is what the file says (no ${VAR} was put in)
  uint32_t begin = 0;       // byte offset in the text
  std::string value;        // kScalar
  std::vector<Node> keys;   // kMap: scalars, in the order of the file
  std::vector<Node> items;  // kMap: values of `keys`; kList: elements

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // kMap: the value under `key`, or null.
  const Node* find(std::string_view key) const;
};

// A place in the file, 1-based; column in characters.
struct Place {
  int line = 1, column = 1;
};

class Document {
 public:
  // Put into plain and double-quoted scalars' values before anybody sees them, e.g. for ${VAR}. An error becomes a
  // fault.
  using Expand = std::function<Result<std::string>(std::string_view)>;
  // Reads one YAML document. On a fault that leaves nothing to read answers null and appends one diagnostic; duplicate
  // keys are appended as faults, and the first one stands.
  static std::unique_ptr<const Document> parse(std::string path, std::string text, std::vector<Diagnostic>& out,
                                               const Limits& limits = {}, const Expand& expand = nullptr);
  const Node& root() const { return root_; }
  const std::string& path() const { return path_; }
  const std::string& text() const { return text_; }
  Place place(uint32_t offset) const;
  // The line around `offset`, without its end.
  std::string_view line(uint32_t offset) const;
  // Offsets in the text of the bytes [0, value.size()] of a scalar's value: past quotes, escapes, folded lines and a
  // block's indentation. The last one is the offset just behind the scalar.
  std::vector<uint32_t> offsets(const Node& scalar) const;
  // A diagnostic without message for `length` bytes of text at `offset` (cut at the end of the line).
  Diagnostic at(uint32_t offset, uint32_t length) const;

 private:
  Document() = default;
  std::string path_, text_;
  std::vector<uint32_t> lines_;  // offsets of line starts
  Node root_;
};

// What a fault says; hints may be empty.
struct Say {
  std::string code, en, zh, hint_en, hint_zh;
};

// Turns nodes into values. Every read() answers true and sets `out`, or answers false and appends one fault.
class Reader {
 public:
  Reader(const Document& document, std::vector<Diagnostic>& out) : document_(document), out_(out) {}
  const Document& document() const { return document_; }
  std::vector<Diagnostic>& diagnostics() const { return out_; }

  // A fault about a node (its first line), a key, or the bytes [begin, end) of a scalar's value.
  Diagnostic& fault(const Node& node, Say say) const;
  Diagnostic& fault_within(const Node& scalar, uint32_t begin, uint32_t end, Say say) const;

  bool read(const Node& node, std::string& out) const;  // any scalar
  bool read(const Node& node, bool& out) const;
  bool read(const Node& node, int64_t& out) const;
  bool read(const Node& node, double& out) const;
  bool read(const Node& node, Span& out) const;                      // 90s 15m 2h 7d 3wd 8wh
  bool read(const Node& node, std::vector<std::string>& out) const;  // a list of scalars, or one scalar
  bool read_integer(const Node& node, int64_t least, int64_t most, int64_t& out) const;
  bool read_number(const Node& node, double least, double most, double& out) const;
  bool read_duration(const Node& node, DurationMs& out) const;  // plain only
  bool read_distance(const Node& node, double& metres) const;
  // One of `names`; sets its index.
  bool read_choice(const Node& node, std::span<const std::string_view> names, size_t& index) const;
  // False, and one fault at the character, where a name, a duration or a key holds a full-width one (`：`, `，`, `１`).
  bool narrow(const Node& node) const;
  bool expect_map(const Node& node, std::string_view what) const;
  bool expect_list(const Node& node, std::string_view what) const;

 private:
  bool scalar(const Node& node, std::string_view en, std::string_view zh) const;
  const Document& document_;
  std::vector<Diagnostic>& out_;
};

// The keys of one map. Unknown keys are reported when it is made.
class Fields {
 public:
  // `what` names the map in messages: "a rule". A node that is not a map is a fault, and reads as empty.
  Fields(const Reader& reader, const Node& node, std::span<const std::string_view> known, std::string_view what);
  Fields(const Reader& reader, const Node& node, std::initializer_list<std::string_view> known, std::string_view what)
      : Fields(reader, node, std::span<const std::string_view>(known.begin(), known.size()), what) {}
  const Node& node() const { return node_; }
  const Node* get(std::string_view key) const { return node_.is_map() ? node_.find(key) : nullptr; }
  const Node* key(std::string_view key) const;  // the key itself, for faults
  // The value; a fault and null where it is missing. No second fault where a slip of it stands there.
  const Node* require(std::string_view key) const;
  // Whether an unknown key was told to mean this one (`withn`, `within:3d`, `within： 3d`).
  bool meant(std::string_view key) const;
  // False when absent (no fault) or not as it should be (a fault).
  template <typename T>
  bool read(std::string_view key, T& out) const {
    const Node* n = get(key);
    return n != nullptr && reader_.read(*n, out);
  }

 private:
  const Reader& reader_;
  const Node& node_;
  std::string what_;
  std::vector<std::string> meant_;
};

// The fault of a full-width colon behind the key that `text` begins with ("kind： window"), and its offset and length;
// nothing where there is none.
std::optional<Say> full_width_colon(std::string_view text, size_t& offset, size_t& length);

// Length of the UTF-8 sequence at text[i]; 0 where it is broken (overlong, a surrogate, cut short).
size_t utf8_length(std::string_view text, size_t i);

// A value as YAML's core schema reads a plain scalar: integer, number or boolean; nothing for anything else.
std::optional<int64_t> as_integer(std::string_view text);
std::optional<double> as_number(std::string_view text);
std::optional<bool> as_boolean(std::string_view text);

}  // namespace tocsin::rule::yaml
