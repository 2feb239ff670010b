// The table lookup of reference/lut.h over a trait B of byte vectors.

void lookup_8(int64_t count, const uint8_t* lut, const uint8_t* in, uint8_t* out) {
  if (count < 2 * B::kSize) return reference::lookup_8(count, lut, in, out);
  const B::Table table = B::load_table(lut);
  int64_t i = 0;
  for (; i + B::kSize <= count; i += B::kSize)
    B::store(B::look_up(table, B::load(in + i)), out + i);
  reference::lookup_8(count - i, lut, in + i, out + i);
}
