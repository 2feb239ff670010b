// Success, or a message that says what is wrong. No heap: the text lies in the object.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/dtype.h"
#include "base/shape.h"
#include "base/span.h"

namespace octavo {

// Writes a message into a fixed buffer; what does not fit is cut off.
class Message {
 public:
  Message(char* buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) { *buffer_ = 0; }

  void add(Text text);
  void add(const char* text) { add(Text(text)); }
  void add(DType type) { add(dtype_info(type).name); }
  void add(const Shape& shape);  // as (1, 8, 8, 3)
  void add(double value);        // six significant digits
  template <class Int, std::enable_if_t<std::is_integral_v<Int>, int> = 0>
  void add(Int value) {
    add_integer(static_cast<int64_t>(value));
  }
  bool is_full() const { return used_ + 1 >= capacity_; }

 private:
  void add_integer(int64_t value);

  char* buffer_;
  size_t capacity_, used_ = 0;
};

class [[nodiscard]] Status {
 public:
  enum class Code : uint8_t {
    kOk,
    kInvalid,   // what the caller gave is wrong: a file, an array, an index
    kFailed,    // the request was sound, but cannot be carried out
    kTooEarly,  // a node cannot be prepared before others have run: never reaches the caller
  };

  Status() : code_(Code::kOk) { message_[0] = 0; }

  // The message is the parts one after the other: text, integers, reals, types, shapes.
  template <class... Parts>
  static Status invalid(const Parts&... parts) {
    return Status(Code::kInvalid, parts...);
  }
  template <class... Parts>
  static Status failed(const Parts&... parts) {
    return Status(Code::kFailed, parts...);
  }
  template <class... Parts>
  static Status too_early(const Parts&... parts) {
    return Status(Code::kTooEarly, parts...);
  }

  // Of an error: the same with `parts` before its message.
  template <class... Parts>
  Status labeled(const Parts&... parts) const {
    return ok() ? *this : Status(code_, parts..., message());
  }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const char* message() const { return message_; }

 private:
  template <class... Parts>
  explicit Status(Code code, const Parts&... parts) : code_(code) {
    Message m(message_, sizeof(message_));
    (m.add(parts), ...);
  }

  Code code_;
  char message_[511];
};

// Returns from the calling function unless the expression's Status is ok.
#define OCTAVO_TRY(expression)                                    \
  do {                                                            \
    if (::octavo::Status status_ = (expression); !status_.ok()) { \
      return status_;                                             \
    }                                                             \
  } while (false)

}  // namespace octavo
