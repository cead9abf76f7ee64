#pragma once
// CSV after RFC 4180: cells parted by a delimiter, records by LF, CRLF or CR LF at the end of input; a cell that begins
// with a quote runs to its closing quote, newlines and doubled quotes included. A quote inside an unquoted cell is
// text.
//
//   record = cell *(delimiter cell) [CR] LF
//   cell   = '"' *(any but '"' / '""') '"'  /  *(any but delimiter, CR LF, LF)
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace tocsin {

inline constexpr size_t kMaxColumns = 2048;

// Given bytes that begin with a record: the position after the record's line end, or npos when the end is not among
// them (more is needed). With `at_eof` the buffer's end ends the record, even inside quotes. The delimiter must be
// ASCII below 0x40 or tab, so that GBK's second bytes are not taken for it.
size_t csv_record_end(std::string_view buffer, bool at_eof, char delimiter = ',');

// Splits one record (with or without its line end) into cells: views of `record`, or of `arena` where quotes were
// doubled. False: `fault` says what is wrong; it names columns by number, never their text.
bool parse_csv_record(std::string_view record, char delimiter, Arena& arena, std::vector<std::string_view>& cells,
                      std::string& fault);

// A cell as it is written: quoted where it must be, and where a reader might trim it (a leading blank).
void append_csv_cell(std::string& out, std::string_view cell);

}  // namespace tocsin
